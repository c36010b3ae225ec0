package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"
)

// queryer is what a read needs; the pool and a transaction both have it.
type queryer interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// read runs f within the time of one call. f must only read: lib/pq reports a
// lost connection as ErrBadConn even when the query was sent, and database/sql
// then runs it again.
func (s *Store) read(ctx context.Context, verb string, f func(context.Context, queryer) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.options.QueryTimeout)
	defer cancel()
	done, err := s.reader.turn(bounded)
	if err != nil {
		return classify(ctx, verb, err)
	}
	defer done()
	return classify(ctx, verb, f(bounded, s.reader))
}

// write runs f in a transaction. Even a single statement goes through one:
// database/sql repeats only the BEGIN of a transaction on a stale connection,
// so no write is ever done twice.
func (s *Store) write(ctx context.Context, verb string, f func(context.Context, queryer) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.options.QueryTimeout)
	defer cancel()
	return classify(ctx, verb, s.transact(bounded, f))
}

func (s *Store) transact(ctx context.Context, f func(context.Context, queryer) error) error {
	done, err := s.writer.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(ctx, tx); err != nil {
		// f's error is the one to report; a rollback that fails as well
		// leaves a connection that the pool throws away.
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// affected turns a statement that matched no row into ErrNotFound.
func affected(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// storable refuses text that Postgres cannot hold, on SQLite too, where it
// would be stored and be unreadable elsewhere.
func storable(texts ...string) error {
	for _, t := range texts {
		if !utf8.ValidString(t) || strings.ContainsRune(t, 0) {
			return fmt.Errorf("%w: text with NUL or invalid UTF-8", ErrInvalid)
		}
	}
	return nil
}
