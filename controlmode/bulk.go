package controlmode

import (
	"context"
	"fmt"
)

// bulk is a Server's connection for commands that take long. It is made when
// the first of them comes, and kept. tmux takes all that a client has sent
// before it looks at another's, so one command at a time is sent over it.
type bulk struct {
	turn chan struct{} // holds one while somebody has what follows
	conn *Conn         // nil: none yet
	id   ServerID      // of conn
}

// bulkConn is the connection for long commands to a tmux server. It blocks as
// Dial does when there is none.
func (s *Server) bulkConn(ctx context.Context, id ServerID) (*Conn, error) {
	select {
	case s.bulk.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.bulk.turn }()
	if s.life.Err() != nil {
		return nil, ErrClosed
	}
	if conn := s.bulk.conn; conn != nil && s.bulk.id == id && conn.Err() == nil {
		return conn, nil
	}
	s.bulk.close()
	opts := s.opts.Conn
	opts.OnNotification, opts.window = nil, 1
	conn, found, err := s.dial(ctx, true, opts)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDown, err)
	case found != id:
		conn.Close()
		return nil, ErrServerGone
	}
	s.bulk.conn, s.bulk.id = conn, id
	return conn, nil
}

// close ends the connection, if there is one. The caller has the turn.
func (b *bulk) close() {
	if b.conn != nil {
		b.conn.Close()
		b.conn = nil
	}
}
