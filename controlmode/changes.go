package controlmode

import "context"

// Changes counts what may have changed a session, a window or a pane: commands
// that do not only read, when they are sent and when they are answered,
// connections that come and go, and what tmux tells of. So what was listed since
// it was the same holds, but for what tmux tells nobody: that a pane was split,
// resized or closed in a window that is in no Hub, and that a program has ended
// whose pane stays. It blocks as Hub.CatchUp does.
func (s *Server) Changes(ctx context.Context) uint64 {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.catchUp(ctx)
	}
	return s.changes.Load()
}

// tell is what the command connection is told.
func (s *Server) tell(n Notification) {
	s.changes.Add(1)
	s.subs.tell(n)
}
