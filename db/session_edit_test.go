package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestSessionEdit(t *testing.T) {
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
