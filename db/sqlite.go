package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

// sqliteReaders is how many reads run at once. In WAL mode they never wait for the
// writer.
const sqliteReaders = 4

// sqliteSettings are part of every connection's address.
//
// immediate makes a transaction take the write lock at BEGIN. A transaction that
// reads first and writes later could otherwise fail with SQLITE_BUSY at once.
// With synchronous=NORMAL a file in WAL mode is always consistent, but a power
// cut may lose the last commits.
var sqliteSettings = url.Values{
	"_busy_timeout": {"5000"},
	"_foreign_keys": {"on"},
	"_journal_mode": {"WAL"},
	"_synchronous":  {"NORMAL"},
	"_time_format":  {"sqlite"},
	"_timezone":     {"UTC"},
	"_txlock":       {"immediate"},
}

func init() { sqlx.BindDriver(SQLite, sqlx.DOLLAR) }

func openSQLite(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return nil, classify(ctx, "open", err)
	}
	defer unlock()
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	source := (&url.URL{Scheme: "file", Path: path, RawQuery: sqliteSettings.Encode()}).String()
	db, err := sqlx.Open(SQLite, source)
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	writer := newPool(db, 1)
	s := &Store{dialect: SQLite, options: o, source: source, writer: writer}
	if err := migrate(ctx, goose.DialectSQLite3, SQLite, db.DB); err != nil {
		return nil, errors.Join(classify(ctx, "open", err), writer.Close())
	}
	db, err = sqlx.Open(SQLite, s.readOnlySource())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("db: open: %w", err), writer.Close())
	}
	s.reader = newPool(db, sqliteReaders)
	s.reader.SetMaxIdleConns(sqliteReaders)
	return s, nil
}

// readOnlySource is the source for connections that must not write.
func (s *Store) readOnlySource() string { return s.source + "&_query_only=on" }

// createMu is held while createFile has the file open. When a process closes any
// descriptor of a file, the kernel drops all of its POSIX locks on that file,
// those of another Store's SQLite included. With the mutex, no other Store of
// this process can be using the file yet.
var createMu sync.Mutex

// createFile creates the file with mode 0600 before SQLite does, which would use
// the mode of the umask. It does not even open a file that exists.
func createFile(path string) error {
	createMu.Lock()
	defer createMu.Unlock()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// lockFile blocks until it holds a lock on path, which it creates. The lock ends
// with unlock or with the process.
//
// It protects the first moments of a store: neither the switch to WAL nor goose's
// migrations work while a second process does the same. The file is never
// removed. If it were, a third process could lock a new file of the same name
// while a second still holds the old one.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lockInterval)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-tick.C:
		}
	}
}
