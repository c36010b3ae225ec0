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

// sqliteReaders is how many reads run at once; WAL readers never wait for the
// writer.
const sqliteReaders = 4

// sqliteSettings go into every connection's address. Writers take their lock
// at BEGIN (immediate): a transaction that reads first and writes later could
// otherwise fail with SQLITE_BUSY at once. NORMAL is what WAL needs to never
// lose consistency; a power cut may lose the last commits.
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
	if err := migrate(ctx, goose.DialectSQLite3, SQLite, db.DB); err != nil {
		return nil, errors.Join(classify(ctx, "open", err), writer.Close())
	}
	db, err = sqlx.Open(SQLite, source+"&_query_only=on")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("db: open: %w", err), writer.Close())
	}
	reader := newPool(db, sqliteReaders)
	reader.SetMaxIdleConns(sqliteReaders)
	return &Store{dialect: SQLite, options: o, source: source, reader: reader, writer: writer}, nil
}

// creating makes this process's opens wait for the close in createFile: to
// close any descriptor of a file drops all of the process's POSIX locks on it,
// those of another Store's SQLite included.
var creating sync.Mutex

// createFile makes the file before SQLite does, which would take the umask's
// mode. An existing one is left alone, and not even opened.
func createFile(path string) error {
	creating.Lock()
	defer creating.Unlock()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// lockFile holds path until unlock is called or the process ends. It is there
// for the first moments of a store: neither the switch to WAL nor goose's
// migrations can stand a second process doing the same. The file stays, for to
// remove it would let a third lock another file of that name.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(10 * time.Millisecond)
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
