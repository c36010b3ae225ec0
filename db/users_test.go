package db_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		none, err := s.Users(t.Context())
		require.NoError(t, err)
		require.Empty(t, none)

		alice, err := s.CreateUser(t.Context(), "alice", true)
		require.NoError(t, err)
		bob := newUser(t, s, "Bób 2024-01-01 00:00:00")
		require.True(t, alice.Admin)
		require.Greater(t, bob.ID, alice.ID)

		for _, want := range []db.User{alice, bob} {
			got, err := s.UserByName(t.Context(), want.Name)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		all, err := s.Users(t.Context())
		require.NoError(t, err)
		require.Equal(t, []db.User{alice, bob}, all)

		_, err = s.CreateUser(t.Context(), "alice", false)
		require.ErrorIs(t, err, db.ErrConflict)
		for _, unknown := range []string{"Alice", "", "alice ", "a\x00b", "\xff", "' OR 1=1 --"} {
			_, err = s.UserByName(t.Context(), unknown)
			require.ErrorIs(t, err, db.ErrNotFound, "%q", unknown)
		}
		for _, bad := range []string{"", "a\x00b", "\xff"} {
			_, err = s.CreateUser(t.Context(), bad, false)
			require.ErrorIs(t, err, db.ErrInvalid, "%q", bad)
		}
	})
}

func TestUserRace(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		stores := []*db.Store{open(), open()}
		errs := runAtOnce(20, func(i int) error {
			_, err := stores[i%2].CreateUser(t.Context(), "same", false)
			return err
		})
		requireWinners(t, errs, 1, db.ErrConflict)
	})
}
