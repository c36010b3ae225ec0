package db_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func uid(i int) string { return fmt.Sprintf("%032x", i) }

func newSession(user db.User, i int, name string) db.NewSession {
	return db.NewSession{UID: uid(i), UserID: user.ID, Name: name, Server: "main", Cwd: "/", Width: 80, Height: 24, CreateTime: epoch}
}

func createSession(t *testing.T, s *db.Store, n db.NewSession) db.Session {
	t.Helper()
	session, err := s.CreateSession(t.Context(), n)
	require.NoError(t, err)
	return session
}

func requireSession(t *testing.T, s *db.Store, want db.Session) {
	t.Helper()
	got, err := s.SessionByID(t.Context(), want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	got, err = s.SessionByUID(t.Context(), want.UID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
}

func TestSessionLife(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice := newUser(t, s, "alice")
		n := newSession(alice, 1, "2024-01-01 00:00:00")
		n.Command = []string{"sh", "-c", "echo '<é>' \"$1\" &\n\x01", "", "--"}
		n.Cwd, n.Width, n.Height = "/tmp/a b/ü", 10000, 1
		session := createSession(t, s, n)
		require.Empty(t, cmp.Diff(db.Session{
			ID: session.ID, UID: n.UID, User: alice, Name: n.Name, Status: db.StatusStarting, Server: "main",
			Command: n.Command, Cwd: n.Cwd, Width: 10000, Height: 1, CreateTime: epoch, ModifyTime: epoch,
		}, session))
		requireSession(t, s, session)

		later := epoch.Add(time.Second)
		started, err := s.StartSession(t.Context(), session.ID, "second", "12 34 /tmp/x", "$5", later)
		require.NoError(t, err)
		session.Status, session.Server, session.ModifyTime = db.StatusRunning, "second", later
		session.ServerIdentity, session.TmuxID = "12 34 /tmp/x", "$5"
		require.Empty(t, cmp.Diff(session, started))
		requireSession(t, s, session)

		for _, status := range []string{db.StatusExited, db.StatusLost, db.StatusStarting, db.StatusRunning} {
			later = later.Add(time.Second)
			session.Status, session.ModifyTime = status, later
			got, err := s.SetSessionStatus(t.Context(), session.ID, status, later)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(session, got))
		}
		_, err = s.StartSession(t.Context(), session.ID, "\xff", "x", "$1", later)
		require.ErrorIs(t, err, db.ErrInvalid)
		_, err = s.SetSessionStatus(t.Context(), session.ID, "asleep", later)
		require.ErrorIs(t, err, db.ErrInvalid)
		requireSession(t, s, session)

		require.NoError(t, s.DeleteSession(t.Context(), session.ID))
		requireNoSession(t, s, session)
	})
}

func requireNoSession(t *testing.T, s *db.Store, gone db.Session) {
	t.Helper()
	_, err := s.SessionByID(t.Context(), gone.ID)
	require.ErrorIs(t, err, db.ErrNotFound)
	_, err = s.SessionByUID(t.Context(), gone.UID)
	require.ErrorIs(t, err, db.ErrNotFound)
	_, err = s.StartSession(t.Context(), gone.ID, "main", "x", "$1", epoch)
	require.ErrorIs(t, err, db.ErrNotFound)
	_, err = s.SetSessionStatus(t.Context(), gone.ID, db.StatusExited, epoch)
	require.ErrorIs(t, err, db.ErrNotFound)
	require.ErrorIs(t, s.DeleteSession(t.Context(), gone.ID), db.ErrNotFound)
}

func TestSessionIDIsNeverReused(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice := newUser(t, s, "alice")
		last := int64(0)
		for range 3 {
			session := createSession(t, s, newSession(alice, 1, "same"))
			require.Greater(t, session.ID, last)
			last = session.ID
			require.NoError(t, s.DeleteSession(t.Context(), session.ID))
			s = open()
		}
	})
}

func TestSessionConflicts(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
		session := createSession(t, s, newSession(alice, 1, "build"))
		_, err := s.CreateSession(t.Context(), newSession(alice, 2, "build"))
		require.ErrorIs(t, err, db.ErrConflict, "same name")
		_, err = s.CreateSession(t.Context(), newSession(alice, 1, "other"))
		require.ErrorIs(t, err, db.ErrConflict, "same uid")
		_, err = s.CreateSession(t.Context(), newSession(db.User{ID: 999}, 3, ""))
		require.ErrorIs(t, err, db.ErrNotFound, "no such user")
		createSession(t, s, newSession(bob, 4, "build"))
		createSession(t, s, newSession(alice, 5, ""))
		createSession(t, s, newSession(alice, 6, ""))

		// A session that has ended gives its name back, and cannot return to it.
		_, err = s.SetSessionStatus(t.Context(), session.ID, db.StatusExited, epoch)
		require.NoError(t, err)
		createSession(t, s, newSession(alice, 7, "build"))
		_, err = s.StartSession(t.Context(), session.ID, "main", "x", "$1", epoch)
		require.ErrorIs(t, err, db.ErrConflict)

		for _, bad := range []func(*db.NewSession){
			func(n *db.NewSession) { n.UID = "short" },
			func(n *db.NewSession) { n.Name = "a\x00b" },
			func(n *db.NewSession) { n.Cwd = "/\xff" },
			func(n *db.NewSession) { n.Server = "\x00" },
			func(n *db.NewSession) { n.Command = []string{"ok", "\xff"} },
		} {
			n := newSession(alice, 8, "")
			bad(&n)
			_, err = s.CreateSession(t.Context(), n)
			require.ErrorIs(t, err, db.ErrInvalid, "%+v", n)
		}
	})
}

func TestSessionsOnServer(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
		var want []db.Session
		for i, user := range []db.User{alice, bob, alice} {
			want = append(want, createSession(t, s, newSession(user, i, "")))
		}
		other := newSession(alice, 9, "")
		other.Server = "other"
		createSession(t, s, other)
		var err error
		want[1], err = s.SetSessionStatus(t.Context(), want[1].ID, db.StatusLost, epoch)
		require.NoError(t, err)

		got, err := s.SessionsOnServer(t.Context(), "main")
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))

		moved, err := s.StartSession(t.Context(), want[0].ID, "other", "x", "$1", epoch)
		require.NoError(t, err)
		got, err = s.SessionsOnServer(t.Context(), "main")
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want[1:], got))
		got, err = s.SessionsOnServer(t.Context(), "other")
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.Empty(t, cmp.Diff(moved, got[0]))
		none, err := s.SessionsOnServer(t.Context(), "nowhere")
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

func TestAdoptSession(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		n := newSession(newUser(t, s, "alice"), 1, "build")
		n.Command = []string{"top"}
		lost := createSession(t, s, n)
		lost, err := s.StartSession(t.Context(), lost.ID, "main", "id", "$3", epoch.Add(time.Minute))
		require.NoError(t, err)
		_, err = s.AdoptSession(t.Context(), lost)
		require.ErrorIs(t, err, db.ErrConflict, "the row is still there")

		require.NoError(t, s.DeleteSession(t.Context(), lost.ID))
		adopted, err := s.AdoptSession(t.Context(), lost)
		require.NoError(t, err)
		require.Greater(t, adopted.ID, lost.ID)
		want := lost
		want.ID = adopted.ID
		require.Empty(t, cmp.Diff(want, adopted))
		requireSession(t, s, want)

		lost.UID, lost.Name, lost.User = uid(2), "", db.User{ID: 999}
		_, err = s.AdoptSession(t.Context(), lost)
		require.ErrorIs(t, err, db.ErrNotFound)
	})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
		create := func(user db.User, i int) (db.Session, error) {
			n := newSession(user, i, "")
			n.Quota = 2
			return s.CreateSession(t.Context(), n)
		}
		first, err := create(alice, 1)
		require.NoError(t, err)
		_, err = create(alice, 2)
		require.NoError(t, err)
		_, err = create(alice, 3)
		require.ErrorIs(t, err, db.ErrQuota)
		_, err = create(bob, 4)
		require.NoError(t, err, "a quota is one user's")
		_, err = s.SetSessionStatus(t.Context(), first.ID, db.StatusExited, epoch)
		require.NoError(t, err)
		_, err = create(alice, 5)
		require.NoError(t, err, "only live sessions count")
	})
}

func TestCreateSessionRaces(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		stores := []*db.Store{open(), open()}
		alice := newUser(t, stores[0], "alice")
		errs := runAtOnce(20, func(i int) error {
			n := newSession(alice, i, "")
			n.Quota = 5
			_, err := stores[i%2].CreateSession(t.Context(), n)
			return err
		})
		requireWinners(t, errs, 5, db.ErrQuota)

		bob := newUser(t, stores[0], "bob")
		errs = runAtOnce(20, func(i int) error {
			_, err := stores[i%2].CreateSession(t.Context(), newSession(bob, 100+i, "same"))
			return err
		})
		requireWinners(t, errs, 1, db.ErrConflict)
	})
}

// A name too long for Postgres's index must not look like a database in trouble.
func TestSessionNameTooLong(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t, db.Postgres)
	// Postgres compresses what repeats, so the name must not.
	var name strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&name, "%x", i*i*7919)
	}
	_, err := s.CreateSession(t.Context(), newSession(newUser(t, s, "alice"), 1, name.String()))
	require.ErrorIs(t, err, db.ErrInvalid)
}

func TestSessionEdit(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
		n := newSession(alice, 1, "one")
		n.Labels = map[string]string{"team": "wéb", "empty": ""}
		one := createSession(t, s, n)
		require.Equal(t, n.Labels, one.Labels)
		requireSession(t, s, one)
		createSession(t, s, newSession(alice, 2, "two"))
		createSession(t, s, newSession(bob, 3, "three"))

		edit := db.SessionEdit{Name: "three", Labels: map[string]string{"a/b": "<1>"}, Width: 10, Height: 20, KeepAfterExit: true}
		later := epoch.Add(time.Second)
		got, err := s.EditSession(t.Context(), one.ID, edit, later)
		require.NoError(t, err)
		one.Name, one.Labels, one.Width, one.Height, one.ModifyTime = "three", edit.Labels, 10, 20, later
		one.KeepAfterExit = true
		require.Empty(t, cmp.Diff(one, got))
		requireSession(t, s, one)

		edit.Name, edit.Width = "two", 99
		_, err = s.EditSession(t.Context(), one.ID, edit, later)
		require.ErrorIs(t, err, db.ErrConflict)
		edit.Name = "\x00"
		_, err = s.EditSession(t.Context(), one.ID, edit, later)
		require.ErrorIs(t, err, db.ErrInvalid)
		requireSession(t, s, one)
		_, err = s.EditSession(t.Context(), 999, db.SessionEdit{}, later)
		require.ErrorIs(t, err, db.ErrNotFound)

		_, err = s.SetSessionStatus(t.Context(), one.ID, db.StatusExited, later)
		require.NoError(t, err)
		got, err = s.EditSession(t.Context(), one.ID, db.SessionEdit{Name: "two", Width: 10, Height: 20}, later)
		require.NoError(t, err, "an ended one shares its name")
		require.Nil(t, got.Labels)
	})
}
