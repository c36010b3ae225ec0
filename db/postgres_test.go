package db_test

import (
	"context"
	"database/sql"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

// callTime bounds a call in these tests; the answer may take a second more.
const callTime = time.Second

// faulty is a store on a Postgres of its own.
func faulty(t *testing.T) (*dbtest.Server, *db.Store) {
	t.Helper()
	server := dbtest.NewServer(t)
	return server, dbtest.OpenOptions(t, db.Options{URL: server.URL(), QueryTimeout: callTime})
}

// requireUnavailable also holds the call to its time.
func requireUnavailable(t *testing.T, call func() error) {
	t.Helper()
	start := time.Now()
	err := call()
	require.ErrorIs(t, err, db.ErrUnavailable)
	require.NotErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), callTime+time.Second)
}

// hold locks the users table until release, so that calls wait mid-query.
func hold(t *testing.T, url string) (pool *sql.DB, release func()) {
	t.Helper()
	pool = raw(t, db.Options{URL: url})
	tx, err := pool.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	exec(t, tx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
	return pool, func() { require.NoError(t, tx.Rollback()) }
}

// waiters is how many of the store's backends wait for a lock.
func waiters(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'interplexer' AND wait_event_type = 'Lock'`).Scan(&n))
	return n
}

func requireWaiters(t *testing.T, pool *sql.DB, want int) {
	t.Helper()
	require.Eventually(t, func() bool { return waiters(t, pool) == want }, 5*time.Second, 5*time.Millisecond)
}

func TestPostgresDownAtOpen(t *testing.T) {
	server := dbtest.NewServer(t)
	server.Stop()
	requireUnavailable(t, func() error {
		_, err := db.Open(t.Context(), db.Options{URL: server.URL() + "&password=hunter2", QueryTimeout: callTime})
		require.NotContains(t, err.Error(), "hunter2")
		return err
	})
	server.Start()
	server.Signal(syscall.SIGSTOP)
	requireUnavailable(t, func() error {
		_, err := db.Open(t.Context(), db.Options{URL: server.URL(), QueryTimeout: callTime})
		return err
	})
	server.Signal(syscall.SIGCONT)
	dbtest.OpenOptions(t, db.Options{URL: server.URL()})
}

func TestPostgresStopped(t *testing.T) {
	server, s := faulty(t)
	newUser(t, s, "alice")
	server.Signal(syscall.SIGSTOP)
	// Alone, on the idle connection: lib/pq sends BEGIN without a context.
	requireUnavailable(t, func() error { _, err := s.CreateUser(t.Context(), "bob", false); return err })
	// More calls than the pool has connections: some wait for one, some find
	// an idle one, some dial.
	for _, err := range race(40, func(i int) error {
		start := time.Now()
		var err error
		switch i % 3 {
		case 0:
			err = s.Ping(t.Context())
		case 1:
			_, err = s.UserByName(t.Context(), "alice")
		case 2:
			_, err = s.CreateUser(t.Context(), uid(i), false)
		}
		if time.Since(start) > callTime+time.Second {
			t.Errorf("a call took %s", time.Since(start))
		}
		return err
	}) {
		require.ErrorIs(t, err, db.ErrUnavailable)
	}
	server.Signal(syscall.SIGCONT)
	server.Exec("SELECT 1") // when it comes to it, it has dealt with all that was dialed before
	_, err := s.UserByName(t.Context(), "alice")
	require.NoError(t, err)
	newUser(t, s, "bob")
}

func TestPostgresStoppedMidQuery(t *testing.T) {
	server, s := faulty(t)
	pool, release := hold(t, server.URL())
	result := make(chan error, 1)
	requireUnavailable(t, func() error {
		go func() {
			_, err := s.CreateUser(t.Context(), "alice", false)
			result <- err
		}()
		requireWaiters(t, pool, 1)
		server.Signal(syscall.SIGSTOP)
		return <-result
	})
	server.Signal(syscall.SIGCONT)
	release()
	newUser(t, s, "alice")
}

func TestPostgresStoppedCallerGivesUp(t *testing.T) {
	server := dbtest.NewServer(t)
	s := dbtest.OpenOptions(t, db.Options{URL: server.URL(), QueryTimeout: time.Minute})
	pool, release := hold(t, server.URL())
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := s.Users(ctx)
		result <- err
	}()
	requireWaiters(t, pool, 1)
	server.Signal(syscall.SIGSTOP)
	start := time.Now()
	cancel()
	err := <-result
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, db.ErrUnavailable)
	require.Less(t, time.Since(start), 2*time.Second)
	server.Signal(syscall.SIGCONT)
	release()
}

// A query that is given up does not run on in the server.
func TestPostgresSlow(t *testing.T) {
	server, s := faulty(t)
	pool, release := hold(t, server.URL())
	requireUnavailable(t, func() error {
		_, err := s.Users(t.Context())
		return err
	})
	requireWaiters(t, pool, 0)
	requireUnavailable(t, func() error {
		_, err := s.CreateUser(t.Context(), "alice", false)
		return err
	})
	requireWaiters(t, pool, 0)
	release()
	newUser(t, s, "alice")
}

const killBackends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'interplexer'"

func TestPostgresKilledBackends(t *testing.T) {
	t.Parallel()
	server, s := faulty(t)
	calls := []func() error{
		func() error { _, err := s.Users(t.Context()); return err },
		func() error { _, err := s.CreateUser(t.Context(), "alice", false); return err },
		func() error { return s.Ping(t.Context()) },
	}
	for _, call := range calls {
		// Several idle connections, so that a second try can meet a dead one too.
		race(8, func(int) error { return s.Ping(t.Context()) })
		server.Exec(killBackends)
		require.NoError(t, call())
	}
}

func TestPostgresKilledMidQuery(t *testing.T) {
	server, s := faulty(t)
	pool, release := hold(t, server.URL())
	result := make(chan error, 1)
	requireUnavailable(t, func() error {
		go func() {
			_, err := s.CreateUser(t.Context(), "alice", false)
			result <- err
		}()
		requireWaiters(t, pool, 1)
		server.Exec(killBackends)
		return <-result
	})
	release()
	newUser(t, s, "alice")
}

func TestPostgresRestart(t *testing.T) {
	server, s := faulty(t)
	newUser(t, s, "alice")
	race(8, func(int) error { return s.Ping(t.Context()) })
	server.Stop()
	requireUnavailable(t, func() error { return s.Ping(t.Context()) })
	requireUnavailable(t, func() error { _, err := s.CreateUser(t.Context(), "bob", false); return err })
	server.Start()
	newUser(t, s, "bob")
	race(8, func(int) error { return s.Ping(t.Context()) })
	server.Restart()
	_, err := s.UserByName(t.Context(), "alice")
	require.NoError(t, err)
}

func TestPostgresTooManyConnections(t *testing.T) {
	server := dbtest.NewServer(t)
	server.Exec("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
	limited := strings.Replace(server.URL(), "user=interplexer", "user=limited", 1)
	require.NotEqual(t, server.URL(), limited)
	requireUnavailable(t, func() error {
		_, err := db.Open(t.Context(), db.Options{URL: limited, QueryTimeout: callTime})
		return err
	})
}
