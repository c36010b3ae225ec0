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

// callTime is the query timeout in these tests. The call may take a second more.
const callTime = time.Second

// newServerAndStore starts a Postgres for this test alone and opens a store on it.
func newServerAndStore(t *testing.T) (*dbtest.Server, *db.Store) {
	t.Helper()
	server := dbtest.NewServer(t)
	return server, dbtest.OpenOptions(t, db.Options{URL: server.URL(), QueryTimeout: callTime})
}

// requireUnavailable requires that the call fails with ErrUnavailable and in time.
func requireUnavailable(t *testing.T, call func() error) {
	t.Helper()
	start := time.Now()
	err := call()
	require.ErrorIs(t, err, db.ErrUnavailable)
	require.NotErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), callTime+time.Second)
}

// lockUsers locks the table users until release, so that queries of it block.
func lockUsers(t *testing.T, url string) (pool *sql.DB, release func()) {
	t.Helper()
	pool = openRaw(t, db.Options{URL: url})
	tx, err := pool.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	exec(t, tx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
	return pool, func() { require.NoError(t, tx.Rollback()) }
}

// countWaiters counts the backends of the store that wait for a lock.
func countWaiters(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'interplexer' AND wait_event_type = 'Lock'`).Scan(&n))
	return n
}

func requireWaiters(t *testing.T, pool *sql.DB, want int) {
	t.Helper()
	require.Eventually(t, func() bool { return countWaiters(t, pool) == want }, 5*time.Second, 5*time.Millisecond)
}

func TestTimedPostgresDownAtOpen(t *testing.T) {
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

func TestTimedPostgresStopped(t *testing.T) {
	server, s := newServerAndStore(t)
	newUser(t, s, "alice")
	server.Signal(syscall.SIGSTOP)
	// First one call alone, on the idle connection: lib/pq sends its BEGIN without a
	// context.
	requireUnavailable(t, func() error { _, err := s.CreateUser(t.Context(), "bob", false); return err })
	// More calls than the pool has connections: some wait for one, some find
	// an idle one, some dial.
	for _, err := range runAtOnce(40, func(i int) error {
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
	server.Exec("SELECT 1") // answered only after all connections that were dialed before
	_, err := s.UserByName(t.Context(), "alice")
	require.NoError(t, err)
	newUser(t, s, "bob")
}

func TestTimedPostgresStoppedMidQuery(t *testing.T) {
	server, s := newServerAndStore(t)
	failMidQuery(t, server, s, func() { server.Signal(syscall.SIGSTOP) }, func() { server.Signal(syscall.SIGCONT) })
}

func TestTimedPostgresStoppedCallerGivesUp(t *testing.T) {
	server := dbtest.NewServer(t)
	s := dbtest.OpenOptions(t, db.Options{URL: server.URL(), QueryTimeout: time.Minute})
	pool, release := lockUsers(t, server.URL())
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

// A query that the store has given up does not run on in the server.
func TestTimedPostgresSlow(t *testing.T) {
	server, s := newServerAndStore(t)
	pool, release := lockUsers(t, server.URL())
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
	server, s := newServerAndStore(t)
	calls := []func() error{
		func() error { _, err := s.Users(t.Context()); return err },
		func() error { _, err := s.CreateUser(t.Context(), "alice", false); return err },
		func() error { return s.Ping(t.Context()) },
	}
	for _, call := range calls {
		// Several idle connections, so that a second try can meet a dead one too.
		runAtOnce(8, func(int) error { return s.Ping(t.Context()) })
		server.Exec(killBackends)
		require.NoError(t, call())
	}
}

func TestTimedPostgresKilledMidQuery(t *testing.T) {
	server, s := newServerAndStore(t)
	failMidQuery(t, server, s, func() { server.Exec(killBackends) }, func() {})
}

// failMidQuery requires that a write fails when breakServer is called while its
// query blocks, and that the store works again after repair.
func failMidQuery(t *testing.T, server *dbtest.Server, s *db.Store, breakServer, repair func()) {
	t.Helper()
	pool, release := lockUsers(t, server.URL())
	result := make(chan error, 1)
	requireUnavailable(t, func() error {
		go func() {
			_, err := s.CreateUser(t.Context(), "alice", false)
			result <- err
		}()
		requireWaiters(t, pool, 1)
		breakServer()
		return <-result
	})
	repair()
	release()
	newUser(t, s, "alice")
}

func TestTimedPostgresRestart(t *testing.T) {
	server, s := newServerAndStore(t)
	newUser(t, s, "alice")
	runAtOnce(8, func(int) error { return s.Ping(t.Context()) })
	server.Stop()
	requireUnavailable(t, func() error { return s.Ping(t.Context()) })
	requireUnavailable(t, func() error { _, err := s.CreateUser(t.Context(), "bob", false); return err })
	server.Start()
	newUser(t, s, "bob")
	runAtOnce(8, func(int) error { return s.Ping(t.Context()) })
	server.Restart()
	_, err := s.UserByName(t.Context(), "alice")
	require.NoError(t, err)
}

func TestTimedPostgresTooManyConnections(t *testing.T) {
	server := dbtest.NewServer(t)
	server.Exec("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
	limited := strings.Replace(server.URL(), "user=interplexer", "user=limited", 1)
	require.NotEqual(t, server.URL(), limited)
	requireUnavailable(t, func() error {
		_, err := db.Open(t.Context(), db.Options{URL: limited, QueryTimeout: callTime})
		return err
	})
}
