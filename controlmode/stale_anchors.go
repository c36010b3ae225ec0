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

// settle waits until the tmux server has done with connections that are gone:
// it ends their anchors when it notices, and what that makes it tell would find
// the next client identifying itself (see gate). It asks with plain clients. An
// anchor whose client was detached stays, for the client has left it before it
// went: that is ended here, where no other client can be told of it. A server
// that does not run, or keeps an anchor longer than settleTime, is not waited
// for. To one that does not answer at all no client must be sent: when it goes on
// it would meet our dead client and the new one at once, and crash (seen on
// 3.3a).
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

// endGhosts ends the anchors of a list that nobody is attached to or comes back
// to, and reports whether there were any, attached or not.
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

// isGhost: a session of that name is the anchor of no connection that is up.
func (s *Server) isStaleAnchor(name string) bool {
	return IsAnchor(name) && !slices.ContainsFunc(s.liveConns(), func(conn *Conn) bool { return conn.anchor == name })
}

// up are the connections that have not ended.
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

// plain runs a client that is none in control mode: it is told nothing, so that
// it is safe to end at any time. It starts no server.
func (s *Server) oneShot(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.opts.Binary, append([]string{"-N", "-L", s.opts.SocketName}, args...)...)
	cmd.Env, cmd.WaitDelay = s.opts.Env, oneShotDelay
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrWaitDelay) { // it has ended well
		err = nil
	}
	return string(out), err
}
