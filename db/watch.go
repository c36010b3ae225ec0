package db

import (
	"context"
	"time"
)

// ChangeKind says what a Change means to a cache.
type ChangeKind int

const (
	// Changed: users or tokens are no longer what they were.
	Changed ChangeKind = iota + 1
	// Resync: the feed works from here on. Whatever was cached before may be
	// out of date.
	Resync
	// Lost: the feed is down. Nothing cached may be trusted until Resync.
	Lost
)

// Change is one event of Watch.
type Change struct{ Kind ChangeKind }

// String is for logs.
func (k ChangeKind) String() string {
	switch k {
	case Changed:
		return "changed"
	case Resync:
		return "resync"
	case Lost:
		return "lost"
	}
	return "unknown"
}

// The pauses between attempts to bring a lost feed back.
const (
	retryMin = 50 * time.Millisecond
	retryMax = time.Second
)

// Watch tells of every committed change to users and tokens, by this process
// and by others, until ctx is done, whose error it returns. It calls handle
// from its own goroutine, one call at a time; the first is Resync. Changes
// that come close together may be told once. Last uses and sessions are not
// told of. handle must return soon: a feed that is not read for long counts as
// lost. While Postgres hangs during a connection attempt, Watch may outlive
// ctx by the connect_timeout.
//
// A handler that drops a cache must also keep a look-up that began before the
// change from filling it afterwards with what it had read: count the events
// and store a result only when the count has not moved.
func (s *Store) Watch(ctx context.Context, handle func(Change)) error {
	feed := s.poll
	if s.dialect == Postgres {
		feed = s.listen
	}
	wait := retryMin
	for {
		up := false
		// The feed's error is not reported: handle is told Lost, and the next
		// call to the store says why the database cannot be reached.
		_ = feed(ctx, func(k ChangeKind) {
			up = true
			handle(Change{Kind: k})
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if up {
			wait = retryMin
			handle(Change{Kind: Lost})
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
		wait = min(2*wait, retryMax)
	}
}
