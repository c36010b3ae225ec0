// Package db keeps users, tokens and sessions in Postgres or in a SQLite file.
//
// One Store serves both: the SQL is written once wherever the two agree, and
// every test of the contract runs on both. Nothing outside this package holds
// SQL.
package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The dialects that Store.Dialect names.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// Options says where the store is. URL or Path must be set; the rest has
// working zero values.
type Options struct {
	// URL is a postgres:// or postgresql:// address. Empty means SQLite.
	URL string
	// Path is the SQLite file. It is created with mode 0600, which SQLite
	// gives to its -wal and -shm files too; its folder must exist.
	Path string
	// QueryTimeout bounds one call; 0 means 3 s.
	QueryTimeout time.Duration
	// WatchInterval is how often Watch polls a SQLite file; 0 means 100 ms.
	WatchInterval time.Duration
	// Now is the clock of create times; nil means time.Now.
	Now func() time.Time
}

// Store is safe for concurrent use.
type Store struct {
	dialect string
	options Options
	// source is the driver's own address of the database; it may hold a
	// password and is never printed.
	source string
	// writer is reader itself on Postgres, and a single connection on SQLite:
	// writers of one process then queue in order and honour their contexts,
	// where SQLite would make them poll the lock.
	reader, writer *pool
}

// Open connects and brings the tables up to date. Any number of processes may
// do so at once on one empty store.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.QueryTimeout <= 0 {
		o.QueryTimeout = 3 * time.Second
	}
	if o.WatchInterval <= 0 {
		o.WatchInterval = 100 * time.Millisecond
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

// Close waits for the calls that are running.
func (s *Store) Close() error {
	err := s.reader.Close()
	if s.writer != s.reader {
		err = errors.Join(err, s.writer.Close())
	}
	// A connection that the server had closed already cannot be told goodbye.
	if err != nil && !isTransient(err) {
		return fmt.Errorf("db: close: %w", err)
	}
	return nil
}

// Ping asks the database something, so that it fails when a call would.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(ctx context.Context, q queryer) error {
		var one int
		return q.GetContext(ctx, &one, "SELECT 1")
	})
}

// Dialect is Postgres or SQLite.
func (s *Store) Dialect() string { return s.dialect }

// now is the store's clock at the precision that both databases keep.
func (s *Store) now() time.Time { return stamp(s.options.Now()) }

// stamp makes a time equal to what the databases give back for it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func stampPointer(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := stamp(*t)
	return &u
}
