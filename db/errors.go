package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The error of every method wraps one of these, the error of its context, or the
// driver's error. No message holds the database's URL or password.
var (
	// ErrNotFound means that the row, or a row that it refers to, does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that a name, a token or a uid is already in use.
	ErrConflict = errors.New("already exists")
	// ErrQuota means that the user has as many rows as the call allows.
	ErrQuota = errors.New("quota reached")
	// ErrInvalid means that the store cannot hold the value: it has a NUL or
	// invalid UTF-8, is an unknown status, or is too long to index.
	ErrInvalid = errors.New("invalid value")
	// ErrUnavailable means that the database is down, slow or full, or was
	// restarted. The caller may try again later. A write that fails with this
	// error may have been done.
	ErrUnavailable = errors.New("database unavailable")
)

// classify wraps the error of one call in its sentinel and adds the verb. ctx is
// the caller's context, without the query timeout: a call that its caller gave up
// fails with context.Canceled, and one that took too long with ErrUnavailable.
func classify(ctx context.Context, verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		err = ErrNotFound
	case isSentinel(err):
	case sentinelFor(err) != nil:
		err = fmt.Errorf("%w: %w", sentinelFor(err), err)
	case errors.Is(ctx.Err(), context.Canceled):
		err = ctx.Err()
	case isTransient(err):
		err = fmt.Errorf("%w: %w", ErrUnavailable, hideCanceled{err})
	}
	return fmt.Errorf("db: %s: %w", verb, err)
}

// hideCanceled wraps an error so that errors.Is does not find context.Canceled in
// it. The drivers report our own query timeout as a cancellation, but only the
// caller's cancellation may look like one.
type hideCanceled struct{ error }

// Unwrap returns nil if the error is a cancellation.
func (h hideCanceled) Unwrap() error {
	if errors.Is(h.error, context.Canceled) {
		return nil
	}
	return h.error
}

// isSentinel reports whether the error is already classified.
func isSentinel(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) ||
		errors.Is(err, ErrQuota) || errors.Is(err, ErrInvalid)
}

// sentinelFor returns the sentinel for an error about the values of a statement,
// and nil for every other error.
func sentinelFor(err error) error {
	if e := pq.As(err); e != nil {
		switch {
		case e.Code == pqerror.UniqueViolation:
			return ErrConflict
		case e.Code == pqerror.ForeignKeyViolation:
			return ErrNotFound
		case e.Code == pqerror.CheckViolation, e.Code.Class() == "22", e.Code.Class() == "54":
			return ErrInvalid
		}
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return ErrConflict
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return ErrNotFound
		case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_TOOBIG:
			return ErrInvalid
		}
	}
	return nil
}

// isTransient reports whether the same call may succeed later.
func isTransient(err error) bool {
	for _, e := range []error{
		driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF,
		context.DeadlineExceeded, context.Canceled, pq.ErrInFailedTransaction,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if e := pq.As(err); e != nil {
		switch e.Code.Class() {
		case "08", "40", "53", "57", "58": // connection, rollback, resources, operator, system
			return true
		}
		// 25006: the server has become a read-only standby. 55P03: a lock was not
		// available.
		return e.Code == "25006" || e.Code == "55P03"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return true
		}
	}
	return false
}
