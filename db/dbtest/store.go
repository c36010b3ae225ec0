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
	empty      []string // of them, those that no test uses
	pristine   *instance
}

// pristine is a cluster that is never started, to copy; Main removes it.
var pristine = sync.OnceValues(func() (*instance, error) {
	p, err := newCluster((*instance).initialise)
	shared.Lock()
	defer shared.Unlock()
	shared.pristine = p
	return p, err
})

// Main runs the tests, stops the shared Postgres and then fails the run if
// goroutines are left. The result is for os.Exit.
func Main(m interface{ Run() int }, options ...goleak.Option) int {
	code := m.Run()
	shared.Lock()
	for _, p := range []*instance{shared.instance, shared.pristine} {
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

// PostgresURL is the address of an empty database on the shared Postgres, which
// is the test's until its end. It is emptied then and given to another test: to
// make one takes hundreds of files.
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
	if n := len(shared.empty); n > 0 {
		name, shared.empty = shared.empty[n-1], shared.empty[:n-1]
	} else {
		shared.databases++
		name = fmt.Sprintf("test_%d", shared.databases)
		if err := p.exec("postgres", "CREATE DATABASE "+name); err != nil {
			t.Fatalf("dbtest: %v", err)
		}
	}
	t.Cleanup(func() {
		// Stores that the test opened itself may still be closing.
		if err := p.empty(name); err != nil {
			t.Errorf("dbtest: %v", err)
			return
		}
		shared.Lock()
		defer shared.Unlock()
		shared.empty = append(shared.empty, name)
	})
	return p.url(name)
}
