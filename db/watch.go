package db

import (
	"context"
	"time"
)

// ChangeKind says how a Change affects a cache of users and tokens.
type ChangeKind int

const (
	// Changed means that users or tokens have changed.
	Changed ChangeKind = iota + 1
	// Resync means that Watch reports changes from here on. Entries that were
	// cached before may be out of date.
	Resync
	// Lost means that Watch cannot see changes. Nothing cached may be trusted
	// until the next Resync.
	Lost
)

// Change is one event of Watch.
type Change struct{ Kind ChangeKind }

// String returns the name of the kind in lower case, for logs.
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

// Watch reports the committed changes to users and tokens, by this process and by
// others. It blocks until ctx is done and returns ctx's error. It does not report
// sessions and the last uses of tokens.
//
// Watch calls handle from its own goroutine, one call at a time. The first event
// is Resync. Changes close together may come as one event. handle must return
// soon: when events are not taken for long, Watch counts as Lost. When the
// connection is lost, Watch reports Lost and reconnects. While Postgres hangs
// during a connection attempt, Watch may outlive ctx by the connect_timeout.
//
// A handler that drops a cache must also stop a look-up that began before the
// change from filling the cache afterwards: count the events, and store a result
// only when the count has not moved since the look-up began.
func (s *Store) Watch(ctx context.Context, handle func(Change)) error {
	watchOnce := s.watchSQLite
	if s.dialect == Postgres {
		watchOnce = s.watchPostgres
	}
	pause := retryMin
	for {
		connected := false
		// The error is not reported: handle gets Lost, and the next call to the
		// store says why the database cannot be reached.
		_ = watchOnce(ctx, func(k ChangeKind) {
			connected = true
			handle(Change{Kind: k})
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if connected {
			pause = retryMin
			handle(Change{Kind: Lost})
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		pause = min(2*pause, retryMax)
	}
}
