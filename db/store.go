// Package db stores users, tokens, sessions and the responses to idempotent
// requests in Postgres or in a SQLite file.
//
// A [Store] serves both databases. Its methods are grouped by table, one file
// each: users.go, tokens.go, sessions.go, stored_responses.go. Most SQL is
// written once for both, and every test of a method runs on both. All SQL of the
// project is in this package.
//
// cmd/interplexer opens the store. The packages below api that own sessions, tokens
// and idempotency keys call it, each through a small interface of its own. Tests
// get a Store from db/dbtest.
package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The dialects, as Store.Dialect returns them.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// Options says which database to open. Either URL or Path must be set. All other
// zero values work.
type Options struct {
	// URL is a postgres:// or postgresql:// URL. Empty means SQLite.
	URL string
	// Path is the SQLite file. Open creates it with mode 0600, and SQLite gives
	// its -wal and -shm files the same mode. The directory must exist.
	Path string
	// QueryTimeout bounds one call of a Store's method; 0 means 3 s.
	QueryTimeout time.Duration
	// WatchInterval is how often Watch polls a SQLite file; 0 means 100 ms.
	WatchInterval time.Duration
	// Now is the clock for create times; nil means time.Now.
	Now func() time.Time
}

// Store is a database of one of the two dialects. It is safe for concurrent use.
//
// Each method blocks until the database answers, for at most QueryTimeout (on
// Postgres half a second more), and returns an error that wraps ErrNotFound,
// ErrConflict, ErrQuota, ErrInvalid or ErrUnavailable where one of these applies.
type Store struct {
	dialect string
	options Options
	// source is the database in the notation of the driver. It may hold a
	// password and must not be printed.
	source string
	// On Postgres, writer is the same pool as reader. On SQLite it has a single
	// connection: the writers of a process then queue in order and stop waiting
	// when their contexts end, while SQLite would make them poll its lock.
	reader, writer *pool
}

// Open connects to the database and applies the missing migrations. Several
// processes may open the same empty database at once. The caller must Close the
// Store.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.QueryTimeout <= 0 {
		o.QueryTimeout = defaultQueryTimeout
	}
	if o.WatchInterval <= 0 {
		o.WatchInterval = defaultWatchInterval
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.URL != "":
		return openPostgres(ctx, o)
	case o.Path != "":
		return openSQLite(ctx, o)
	}
	return nil, errors.New("db: open: neither a URL nor a path is given")
}

// Close waits for the running calls and closes the connections.
func (s *Store) Close() error {
	err := s.reader.Close()
	if s.writer != s.reader {
		err = errors.Join(err, s.writer.Close())
	}
	// To close a connection that the server has already closed is an error, too.
	if err != nil && !isTransient(err) {
		return fmt.Errorf("db: close: %w", err)
	}
	return nil
}

// Ping runs a query that reads no table. It fails when the database cannot be
// reached.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(ctx context.Context, q queryer) error {
		var one int
		return q.GetContext(ctx, &one, "SELECT 1")
	})
}

// Dialect returns Postgres or SQLite.
func (s *Store) Dialect() string { return s.dialect }

// now reads the store's clock.
func (s *Store) now() time.Time { return storedTime(s.options.Now()) }

// storedTime converts a time to the one that both databases return after they
// have stored it: UTC, in whole microseconds.
func storedTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func storedTimePointer(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := storedTime(*t)
	return &u
}
