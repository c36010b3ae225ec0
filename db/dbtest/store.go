// Package dbtest opens a new, empty db.Store for each test, on SQLite and on a
// Postgres that the package starts. A test package that uses it needs
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
//
// [Stores] and [Open] share one Postgres in each test process. [NewServer] starts
// one for a single test, which may break it. [StartPrivate] starts one for a
// program that is no test. If Postgres is not installed, the tests fail; they are
// never skipped.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"interplexer/db"
)

// Dialects are the dialects of the subtests of Stores.
var Dialects = []string{db.SQLite, db.Postgres}

// shared is the Postgres of this test process. The first test that needs it starts
// it.
var shared struct {
	sync.Mutex // guards the rest
	instance   *instance
	err        error    // why it could not start
	databases  int      // how many were created
	free       []string // the empty ones, which no test uses
	template   *instance
}

// template returns an instance that is never started, for others to copy its data.
// Main removes it.
var template = sync.OnceValues(func() (*instance, error) {
	p, err := newStopped((*instance).initialise)
	shared.Lock()
	defer shared.Unlock()
	shared.template = p
	return p, err
})

// Main runs the tests and stops the shared Postgres. If goroutines are still
// running then, the run fails. The caller passes the result to os.Exit.
func Main(m interface{ Run() int }, options ...goleak.Option) int {
	code := m.Run()
	shared.Lock()
	for _, p := range []*instance{shared.instance, shared.template} {
		if p != nil {
			p.close()
		}
	}
	shared.Unlock()
	if code != 0 {
		return code
	}
	if err := goleak.Find(options...); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest: goroutines are left:", err)
		return 1
	}
	return 0
}

// Stores runs a subtest for each of Dialects. All stores that one subtest opens are
// on the same database, which no other test uses. They are closed at the
// subtest's end.
func Stores(t *testing.T, run func(t *testing.T, open func() *db.Store)) {
	t.Helper()
	for _, dialect := range Dialects {
		t.Run(dialect, func(t *testing.T) {
			o := Options(t, dialect)
			run(t, func() *db.Store { return OpenOptions(t, o) })
		})
	}
}

// Open opens a store on an empty database and closes it at the test's end.
func Open(t testing.TB, dialect string) *db.Store {
	t.Helper()
	return OpenOptions(t, Options(t, dialect))
}

// OpenOptions opens a store and closes it at the test's end.
func OpenOptions(t testing.TB, o db.Options) *db.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := db.Open(ctx, o)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return s
}

// Options returns the options to open an empty database. The query timeout is
// long, so that a test that is not about time passes on a busy machine.
func Options(t testing.TB, dialect string) db.Options {
	t.Helper()
	o := db.Options{QueryTimeout: 20 * time.Second, WatchInterval: 20 * time.Millisecond}
	switch dialect {
	case db.SQLite:
		o.Path = SQLitePath(t)
	case db.Postgres:
		o.URL = PostgresURL(t)
	default:
		t.Fatalf("dbtest: unknown dialect %q", dialect)
	}
	return o
}

// SQLitePath returns the path of a SQLite file that does not exist yet.
func SQLitePath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "store.db")
}

// PostgresURL returns the URL of an empty database on the shared Postgres. No other
// test uses the database before this one ends. After that it is emptied for the
// next test, because to create a database writes hundreds of files.
func PostgresURL(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.instance == nil && shared.err == nil {
		shared.instance, shared.err = newInstance()
	}
	if shared.err != nil {
		t.Fatalf("dbtest: %v", shared.err)
	}
	p := shared.instance
	var name string
	if n := len(shared.free); n > 0 {
		name, shared.free = shared.free[n-1], shared.free[:n-1]
	} else {
		shared.databases++
		name = fmt.Sprintf("test_%d", shared.databases)
		if err := p.exec("postgres", "CREATE DATABASE "+name); err != nil {
			t.Fatalf("dbtest: %v", err)
		}
	}
	t.Cleanup(func() {
		// The connections of stores that the test closed may still be open.
		if err := p.reset(name); err != nil {
			t.Errorf("dbtest: %v", err)
			return
		}
		shared.Lock()
		defer shared.Unlock()
		shared.free = append(shared.free, name)
	})
	return p.url(name)
}
