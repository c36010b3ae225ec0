package controlmode

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"interplexer/controlmode/internal/wire"
)

// On returns a Client for one tmux server process. When another process has taken its
// place, the Client's methods fail with ErrServerGone: an id of one server must never
// reach a session of the next. While the connection is being replaced, they wait for
// it, two seconds at most, and then fail with ErrDown. Commands that only read and
// were cut off are sent again.
func (s *Server) On(id ServerID) Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Client{caller: serverCaller{server: s, id: id}, version: s.version, folder: filepath.Dir(id.Socket)}
}

// serverCaller sends commands over the connection that its tmux server has at the
// moment.
type serverCaller struct {
	server *Server
	id     ServerID
}

func (c serverCaller) call(ctx context.Context, req request) ([]wire.Block, error) {
	if !req.readOnly {
		c.server.changes.Add(1)
		defer c.server.changes.Add(1)
	}
	for {
		conn, id, err := c.server.connected(ctx)
		if err != nil {
			return nil, err
		}
		if id != c.id {
			return nil, ErrServerGone
		}
		if req.bulk {
			if conn, err = c.server.bulkConn(ctx, id); err != nil {
				return nil, err
			}
		} else {
			c.server.bulk.lastShort.Store(time.Now().UnixNano())
		}
		blocks, err := conn.call(ctx, req)
		lost := errors.Is(err, ErrNotSent) || req.readOnly && errors.Is(err, ErrUnknownOutcome)
		if !lost {
			return blocks, err
		}
		select {
		case <-conn.Done(): // it ends soon, and is the current one until then
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		c.server.awaitReplaced(ctx, conn)
	}
}

// awaitReplaced waits until conn, which has ended, is no longer the current
// connection.
func (s *Server) awaitReplaced(ctx context.Context, conn *Conn) {
	for {
		s.mu.Lock()
		current, change := s.conn, s.change
		s.mu.Unlock()
		if current != conn {
			return
		}
		select {
		case <-change:
		case <-ctx.Done():
			return
		}
	}
}
