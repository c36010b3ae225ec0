// Package dbtest gives each test a fresh db.Store, on SQLite and on a private
// Postgres that this package starts. A test package that uses it needs
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
//
// Missing Postgres binaries fail the tests; they never skip them.
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

// Dialects are those that Stores runs.
var Dialects = []string{db.SQLite, db.Postgres}

// shared is the test process's Postgres, started by the first test that asks.
var shared struct {
	sync.Mutex // guards the rest
	instance   *instance
	err        error
	databases  int
}

// Main runs the tests, stops the shared Postgres and then fails the run if
// goroutines are left. The result is for os.Exit.
func Main(m interface{ Run() int }, options ...goleak.Option) int {
	code := m.Run()
	shared.Lock()
	if shared.instance != nil {
		shared.instance.close()
		shared.instance = nil
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

// Stores runs a subtest for each kind of store. Every store that one subtest
// opens is on the same database, which nobody else uses, and is closed at the
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

// Open opens a fresh store.
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

// Options are those of a fresh, empty database. The time of a call is long, so
// that a busy machine fails no test that is not about time.
func Options(t testing.TB, dialect string) db.Options {
	t.Helper()
	o := db.Options{QueryTimeout: 20 * time.Second, WatchInterval: 20 * time.Millisecond}
	switch dialect {
	case db.SQLite:
		o.Path = SQLitePath(t)
	case db.Postgres:
		o.URL = PostgresURL(t)
	default:
		t.Fatalf("dbtest: no dialect is called %q", dialect)
	}
	return o
}

// SQLitePath is where a SQLite file can be made.
func SQLitePath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "store.db")
}

// PostgresURL is the address of a fresh, empty database on the shared
// Postgres. It is dropped at the test's end.
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
	shared.databases++
	name := fmt.Sprintf("test_%d", shared.databases)
	if err := p.exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		// FORCE: stores that the test opened itself may still be closing.
		if err := p.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return p.url(name)
}
