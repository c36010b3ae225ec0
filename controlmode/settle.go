package controlmode

import (
	"context"
	"slices"
	"strings"
	"time"
)

const (
	// settleTime bounds the wait for a tmux server to notice that a client of
	// ours has died.
	settleTime = time.Second
	settleTick = 5 * time.Millisecond
)

// settle waits until the tmux server has done with connections that are gone:
// it ends their anchors when it notices, and what that makes it tell would find
// the next client identifying itself (see gate). It asks with plain clients. A
// server that does not run, does not answer or keeps an anchor longer than
// settleTime is not waited for.
func (s *Server) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		out, err := s.plain(ctx, "list-sessions", "-F", "#{session_name}")
		if err != nil || !slices.ContainsFunc(strings.Fields(string(out)), s.isGhost) {
			return
		}
		timer := time.NewTimer(settleTick)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// isGhost: a session of that name is the anchor of no connection that is up.
func (s *Server) isGhost(name string) bool {
	return IsAnchor(name) && !slices.ContainsFunc(s.up(), func(conn *Conn) bool { return conn.anchor == name })
}

// up are the connections that have not ended.
func (s *Server) up() (up []*Conn) {
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
