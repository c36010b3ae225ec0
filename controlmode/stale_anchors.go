package controlmode

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// awaitDeadClients waits until the tmux server has noticed that clients of ended
// connections are dead. It ends their anchors then, and the notifications of that
// would find the next client identifying itself (see gate). awaitDeadClients asks
// with one-shot clients. An anchor whose client was detached stays, because the
// client left it before it ended: awaitDeadClients ends that anchor now, while no
// other client can be notified of it.
//
// It does not wait for a server that is not running, or that keeps an anchor for
// longer than deadClientTimeout. No client must be sent to a server that does not
// answer at all: when that goes on, it would meet our dead client and the new one at
// once, and crash (seen on 3.3a). For such a server awaitDeadClients fails with
// ErrDown.
func (s *Server) awaitDeadClients(caller context.Context) error {
	ctx, cancel := context.WithTimeout(caller, deadClientTimeout)
	defer cancel()
	for answered := false; ; answered = true {
		list, err := s.oneShot(ctx, "list-sessions", "-F", "#{session_attached} #{session_name}")
		switch {
		case caller.Err() != nil:
			return caller.Err()
		case err != nil && ctx.Err() != nil && !answered:
			return fmt.Errorf("%w: no answer in %s", ErrDown, deadClientTimeout)
		case err != nil || !s.killStaleAnchors(ctx, list):
			return nil
		}
		timer := time.NewTimer(deadClientPoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// killStaleAnchors ends the stale anchors in a list that have no client, and reports
// whether there were stale anchors, with a client or without.
func (s *Server) killStaleAnchors(ctx context.Context, list string) (some bool) {
	for line := range strings.Lines(list) {
		attached, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !s.isStaleAnchor(name) {
			continue
		}
		some = true
		if attached == "0" {
			_, _ = s.oneShot(ctx, "kill-session", "-t", "="+name) // it may just have gone
		}
	}
	return some
}

// isStaleAnchor reports whether a session of that name is an anchor without a
// connection that is up.
func (s *Server) isStaleAnchor(name string) bool {
	return IsAnchor(name) && !slices.ContainsFunc(s.liveConns(), func(conn *Conn) bool { return conn.anchor == name })
}

// liveConns are the connections that have not ended.
func (s *Server) liveConns() (up []*Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.dialed {
		select {
		case <-conn.Done():
			delete(s.dialed, conn)
		default:
			up = append(up, conn)
		}
	}
	return up
}

// oneShot runs a client that is not in control mode, and returns its output. tmux
// sends it no notifications, so it is safe to end at any time. It starts no server.
func (s *Server) oneShot(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.opts.Binary, append([]string{"-N", "-L", s.opts.SocketName}, args...)...)
	cmd.Env, cmd.WaitDelay = s.opts.Env, oneShotDelay
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrWaitDelay) { // the client itself succeeded
		err = nil
	}
	return string(out), err
}
