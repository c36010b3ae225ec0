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

// watcher is a running Watch.
type watcher struct {
	t      *testing.T
	events chan db.ChangeKind
}

// watch runs Watch until the test's end, before the store is closed.
func watch(t *testing.T, s *db.Store) *watcher {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{t: t, events: make(chan db.ChangeKind, 1000)}
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(ctx, func(c db.Change) { w.events <- c.Kind }) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
	return w
}

// expect requires that the next event comes within the time and is of that kind.
func (w *watcher) expect(want db.ChangeKind, within time.Duration) {
	w.t.Helper()
	select {
	case got := <-w.events:
		require.Equal(w.t, want.String(), got.String())
	case <-time.After(within):
		require.Fail(w.t, "no event", "%s within %s", want, within)
	}
}

func TestTimedWatch(t *testing.T) {
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		// other stands for another process: it shares nothing with watched.
		watched, other := open(), open()
		w := watch(t, watched)
		w.expect(db.Resync, 10*time.Second)
		alice := newUser(t, other, "alice")
		w.expect(db.Changed, time.Second)
		token := newToken(t, other, alice, "secret")
		w.expect(db.Changed, time.Second)
		require.NoError(t, other.RevokeToken(t.Context(), token.ID, epoch))
		w.expect(db.Changed, time.Second)
		newUser(t, watched, "bob")
		w.expect(db.Changed, time.Second)
	})
}

// A change is reported after its commit: a read in response sees it.
func TestWatchFollowsCommit(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		watched, other := open(), open()
		w := watch(t, watched)
		w.expect(db.Resync, 10*time.Second)
		for i := range 20 {
			newUser(t, other, uid(i))
			w.expect(db.Changed, 5*time.Second)
			_, err := watched.UserByName(t.Context(), uid(i))
			require.NoError(t, err)
		}
	})
}

// changeUnwatched makes each of the changes that Watch must not report.
func changeUnwatched(t *testing.T, s *db.Store, token db.Token) {
	t.Helper()
	require.NoError(t, s.TouchTokens(t.Context(), map[int64]time.Time{token.ID: epoch}))
	session := createSession(t, s, newSession(token.User, 1, ""))
	_, err := s.StartSession(t.Context(), session.ID, "main", "x", "$1", epoch)
	require.NoError(t, err)
	require.NoError(t, s.DeleteSession(t.Context(), session.ID))
}

func TestNoNotifyForOtherTablesOnPostgres(t *testing.T) {
	t.Parallel()
	o := dbtest.Options(t, db.Postgres)
	s := dbtest.OpenOptions(t, o)
	token := newToken(t, s, newUser(t, s, "alice"), "secret")
	notes := make(chan *pq.Notification, 100)
	conn, err := pq.NewListenerConn(o.URL, notes)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Listen("interplexer_changes")
	require.NoError(t, err)
	changeUnwatched(t, s, token)
	exec(t, openRaw(t, o), "NOTIFY interplexer_changes, 'marker'")
	require.Equal(t, "marker", (<-notes).Extra, "an earlier notification came")
}

func TestBusyStoreIsQuietOnSQLite(t *testing.T) {
	t.Parallel()
	o := dbtest.Options(t, db.SQLite)
	s := dbtest.OpenOptions(t, o)
	token := newToken(t, s, newUser(t, s, "alice"), "secret")
	pool := openRaw(t, o)
	before := changes(t, pool)
	changeUnwatched(t, s, token)
	require.Equal(t, before, changes(t, pool))
	require.NoError(t, s.RevokeToken(t.Context(), token.ID, epoch))
	require.Equal(t, before+1, changes(t, pool))
}

func changes(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRowContext(t.Context(), "SELECT version FROM changes").Scan(&n))
	return n
}
