package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"
)

// queryer runs statements. A pool and a transaction both implement it.
type queryer interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// read runs f within the query timeout. The caller's verb is part of the error.
//
// f must only read, because it may run twice: lib/pq reports a lost connection as
// ErrBadConn even when the query was sent, and database/sql then repeats it.
func (s *Store) read(ctx context.Context, verb string, f func(context.Context, queryer) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.options.QueryTimeout)
	defer cancel()
	release, err := s.reader.acquire(bounded)
	if err != nil {
		return classify(ctx, verb, err)
	}
	defer release()
	return classify(ctx, verb, f(bounded, s.reader))
}

// write runs f in a transaction, within the query timeout. Even a single
// statement needs a transaction: on a stale connection database/sql repeats only
// its BEGIN, so no write is ever done twice.
func (s *Store) write(ctx context.Context, verb string, f func(context.Context, queryer) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.options.QueryTimeout)
	defer cancel()
	return classify(ctx, verb, s.transact(bounded, f))
}

func (s *Store) transact(ctx context.Context, f func(context.Context, queryer) error) error {
	release, err := s.writer.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(ctx, tx); err != nil {
		// f's error is the one to report. When the rollback fails as well, the
		// pool closes the connection.
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// requireRow returns ErrNotFound for a statement that changed no row.
func requireRow(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// checkText returns ErrInvalid for text that Postgres cannot store. SQLite could
// store it, but a store must mean the same on both.
func checkText(texts ...string) error {
	for _, t := range texts {
		if !utf8.ValidString(t) || strings.ContainsRune(t, 0) {
			return fmt.Errorf("%w: text with NUL or invalid UTF-8", ErrInvalid)
		}
	}
	return nil
}
