package db_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

// feed is a running Watch.
type feed struct {
	t      *testing.T
	events chan db.ChangeKind
}

// watch ends with the test, before the store is closed.
func watch(t *testing.T, s *db.Store) *feed {
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{t: t, events: make(chan db.ChangeKind, 1000)}
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(ctx, func(c db.Change) { f.events <- c.Kind }) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
	return f
}

// expect takes the next event, which must come within the time.
func (f *feed) expect(want db.ChangeKind, within time.Duration) {
	f.t.Helper()
	select {
	case got := <-f.events:
		require.Equal(f.t, want.String(), got.String())
	case <-time.After(within):
		require.Fail(f.t, "no event", "%s within %s", want, within)
	}
}

func TestWatch(t *testing.T) {
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		// The second stands for another process: it shares nothing with the first.
		watched, other := open(), open()
		f := watch(t, watched)
		f.expect(db.Resync, 10*time.Second)
		alice := newUser(t, other, "alice")
		f.expect(db.Changed, time.Second)
		token := newToken(t, other, alice, "secret")
		f.expect(db.Changed, time.Second)
		require.NoError(t, other.RevokeToken(t.Context(), token.ID, epoch))
		f.expect(db.Changed, time.Second)
		newUser(t, watched, "bob")
		f.expect(db.Changed, time.Second)
	})
}

// What is told of has been committed: a reader who asks then sees it.
func TestWatchFollowsCommit(t *testing.T) {
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		watched, other := open(), open()
		f := watch(t, watched)
		f.expect(db.Resync, 10*time.Second)
		for i := range 20 {
			newUser(t, other, uid(i))
			f.expect(db.Changed, 5*time.Second)
			_, err := watched.UserByName(t.Context(), uid(i))
			require.NoError(t, err)
		}
	})
}

// busy does everything that must not be told of.
func busy(t *testing.T, s *db.Store, token db.Token) {
	t.Helper()
	require.NoError(t, s.TouchTokens(t.Context(), map[int64]time.Time{token.ID: epoch}))
	session := createSession(t, s, newSession(token.User, 1, ""))
	_, err := s.StartSession(t.Context(), session.ID, "main", "x", "$1", epoch)
	require.NoError(t, err)
	require.NoError(t, s.DeleteSession(t.Context(), session.ID))
}

func TestBusyStoreIsQuietOnPostgres(t *testing.T) {
	o := dbtest.Options(t, db.Postgres)
	s := dbtest.OpenOptions(t, o)
	token := newToken(t, s, newUser(t, s, "alice"), "secret")
	notes := make(chan *pq.Notification, 100)
	conn, err := pq.NewListenerConn(o.URL, notes)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Listen("interplexer_changes")
	require.NoError(t, err)
	busy(t, s, token)
	exec(t, raw(t, o), "NOTIFY interplexer_changes, 'marker'")
	require.Equal(t, "marker", (<-notes).Extra, "something came before")
}

func TestBusyStoreIsQuietOnSQLite(t *testing.T) {
	o := dbtest.Options(t, db.SQLite)
	s := dbtest.OpenOptions(t, o)
	token := newToken(t, s, newUser(t, s, "alice"), "secret")
	pool := raw(t, o)
	before := changes(t, pool)
	busy(t, s, token)
	require.Equal(t, before, changes(t, pool))
	require.NoError(t, s.RevokeToken(t.Context(), token.ID, epoch))
	require.Equal(t, before+1, changes(t, pool))
}

func changes(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT version FROM changes").Scan(&n))
	return n
}
