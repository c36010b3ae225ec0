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

// Every method's error wraps one of these, the context's own error, or the
// driver's. No message holds the database's URL or password.
var (
	ErrNotFound = errors.New("not found")
	// ErrConflict: a name, a token or a uid is already in use.
	ErrConflict = errors.New("already exists")
	ErrQuota    = errors.New("quota reached")
	// ErrInvalid: the store cannot hold the value (NUL, invalid UTF-8, an
	// unknown status, a text too long to index).
	ErrInvalid = errors.New("invalid value")
	// ErrUnavailable: the database is down, slow, full or was restarted; try
	// again later. A write that fails so may have been done.
	ErrUnavailable = errors.New("database unavailable")
)

// classify gives the error of one call its sentinel. ctx is the caller's, not
// the bounded one: who gave up decides between Canceled and ErrUnavailable.
func classify(ctx context.Context, verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		err = ErrNotFound
	case isSentinel(err):
	case sentinelOf(err) != nil:
		err = fmt.Errorf("%w: %w", sentinelOf(err), err)
	case errors.Is(ctx.Err(), context.Canceled):
		err = ctx.Err()
	case isTransient(err):
		err = fmt.Errorf("%w: %w", ErrUnavailable, opaque{err})
	}
	return fmt.Errorf("db: %s: %w", verb, err)
}

// opaque hides a cancellation inside an error from errors.Is: the drivers
// report our own time limit as one, and only the caller's own cancellation may
// look like that.
type opaque struct{ error }

func (o opaque) Unwrap() error {
	if errors.Is(o.error, context.Canceled) {
		return nil
	}
	return o.error
}

func isSentinel(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) ||
		errors.Is(err, ErrQuota) || errors.Is(err, ErrInvalid)
}

// sentinelOf is for what the database says about the values of a statement.
func sentinelOf(err error) error {
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

// isTransient is for what may be gone at the next try.
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
		// 25006: a standby that was the primary before.
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
