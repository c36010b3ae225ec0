package controlmode

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// bulk is a Server's connection for commands that take long. The first of them makes
// it, and it is kept. tmux handles all that a client has sent before it looks at
// another client's input, so only one command at a time is sent over it.
type bulk struct {
	lastShort atomic.Int64 // when the last other command was sent, in Unix nanoseconds

	typing  sync.Mutex           // guards mayType
	mayType map[string]time.Time // when each sender may type long input again, by name

	connLock chan struct{} // guards the fields below; it holds one value while somebody uses them
	conn     *Conn         // nil: none yet
	id       ServerID      // of conn
}

// bulkConn returns the connection for long commands to a tmux server. When there is
// none, it blocks as Dial does.
func (s *Server) bulkConn(ctx context.Context, id ServerID) (*Conn, error) {
	select {
	case s.bulk.connLock <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.bulk.connLock }()
	if s.baseCtx.Err() != nil {
		return nil, ErrClosed
	}
	if conn := s.bulk.conn; conn != nil && s.bulk.id == id && conn.Err() == nil {
		return conn, nil
	}
	s.bulk.close()
	opts := s.opts.Conn
	opts.OnNotification, opts.window, opts.cooldown = nil, 1, s.bulk.cooldown
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

// othersActive reports whether a short command was sent in the last activeFor.
func (b *bulk) othersActive() bool {
	return time.Since(time.Unix(0, b.lastShort.Load())) < activeFor
}

// cooldown is how long to leave tmux to others after a long command: as long as that
// took, maxCooldown at most.
func (b *bulk) cooldown(took time.Duration) time.Duration {
	if !b.othersActive() {
		return 0
	}
	return min(took, maxCooldown)
}

// typeRate is how much one sender may type while others are active, in bytes a
// second. tmux takes some milliseconds to read a megabyte and some to pass it on, and
// serves nobody meanwhile.
const typeRate = 1 << 20

// awaitTyping waits until a sender may type so many bytes while others are active,
// and reserves the time. It fails with ErrNoTurn when that is later than ctx's
// deadline.
func (c serverCaller) awaitTyping(ctx context.Context, name string, bytes int) error {
	k := &c.server.bulk
	k.typing.Lock()
	now := time.Now()
	for other, free := range k.mayType {
		if free.Before(now) {
			delete(k.mayType, other)
		}
	}
	begin := now
	if free, waits := k.mayType[name]; waits && k.othersActive() {
		begin = free
	}
	if deadline, bounded := ctx.Deadline(); bounded && deadline.Before(begin) {
		k.typing.Unlock()
		return ErrNoTurn
	}
	k.mayType[name] = begin.Add(time.Duration(bytes) * time.Second / typeRate)
	k.typing.Unlock()
	timer := time.NewTimer(begin.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the connection, if there is one. The caller holds connLock.
func (b *bulk) close() {
	if b.conn != nil {
		b.conn.Close()
		b.conn = nil
	}
}
