package controlmode

import "context"

// Changes counts what may have changed a session, a window or a pane: commands
// that do not only read, when they are sent and when they are answered,
// connections that come and go, and what tmux tells of, but for output. So what was
// listed since it was the same holds, but for what tmux does not tell of: panes
// that others split, resize or close, if no Hub has their window, and programs that
// end in one of several panes, or in one that stays. It blocks as Hub.CatchUp does.
func (s *Server) Changes(ctx context.Context) uint64 {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.catchUp(ctx)
	}
	return s.changes.Load()
}

// heed counts what a connection is told.
func (s *Server) heed(n Notification) {
	if _, output := n.(Output); !output {
		s.changes.Add(1)
	}
}

// tell is what the command connection is told.
func (s *Server) tell(n Notification) {
	s.heed(n)
	s.subs.tell(n)
}
