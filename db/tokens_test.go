package db_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func newToken(t *testing.T, s *db.Store, user db.User, secret string) db.Token {
	t.Helper()
	token, err := s.CreateToken(t.Context(), db.NewToken{UserID: user.ID, Hash: sha256.Sum256([]byte(secret))})
	require.NoError(t, err)
	return token
}

func TestTokens(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice := newUser(t, s, "alice")
		hash := sha256.Sum256([]byte("secret"))
		expire := epoch.In(time.FixedZone("", 3*3600)).Add(999 * time.Nanosecond)
		first, err := s.CreateToken(t.Context(), db.NewToken{UserID: alice.ID, Label: "lap'top", Hash: hash, ExpireTime: &expire})
		require.NoError(t, err)
		second := newToken(t, s, alice, "other")

		require.Equal(t, "lap'top", first.Label)
		require.Equal(t, alice, first.User)
		require.Equal(t, epoch, *first.ExpireTime, "UTC, cut to microseconds")
		require.Nil(t, first.RevokeTime)
		require.Nil(t, first.LastUseTime)
		require.Nil(t, second.ExpireTime)

		got, err := s.TokenByHash(t.Context(), hash)
		require.NoError(t, err)
		require.Equal(t, first, got)
		all, err := s.Tokens(t.Context())
		require.NoError(t, err)
		require.Equal(t, []db.Token{first, second}, all)

		_, err = s.TokenByHash(t.Context(), sha256.Sum256(nil))
		require.ErrorIs(t, err, db.ErrNotFound)
		_, err = s.CreateToken(t.Context(), db.NewToken{UserID: alice.ID, Hash: hash})
		require.ErrorIs(t, err, db.ErrConflict)
		_, err = s.CreateToken(t.Context(), db.NewToken{UserID: alice.ID + 1})
		require.ErrorIs(t, err, db.ErrNotFound)
		_, err = s.CreateToken(t.Context(), db.NewToken{UserID: alice.ID, Label: "\x00"})
		require.ErrorIs(t, err, db.ErrInvalid)
	})
}

func TestRevokeToken(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		hash := sha256.Sum256([]byte("secret"))
		token := newToken(t, s, newUser(t, s, "alice"), "secret")
		require.ErrorIs(t, s.RevokeToken(t.Context(), token.ID+1, epoch), db.ErrNotFound)
		require.NoError(t, s.RevokeToken(t.Context(), token.ID, epoch))
		require.NoError(t, s.RevokeToken(t.Context(), token.ID, epoch.Add(time.Hour)))
		got, err := s.TokenByHash(t.Context(), hash)
		require.NoError(t, err)
		require.Equal(t, epoch, *got.RevokeTime)
	})
}

func TestTouchTokens(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		a := newToken(t, s, newUser(t, s, "alice"), "a")
		b := newToken(t, s, a.User, "b")
		lastUses := func() (times []time.Time) {
			all, err := s.Tokens(t.Context())
			require.NoError(t, err)
			for _, token := range all {
				if token.LastUseTime != nil {
					times = append(times, *token.LastUseTime)
				}
			}
			return times
		}
		touch := func(aTime, bTime time.Time) {
			require.NoError(t, s.TouchTokens(t.Context(), map[int64]time.Time{a.ID: aTime, b.ID: bTime, 999: epoch}))
		}
		require.NoError(t, s.TouchTokens(t.Context(), nil))
		require.Empty(t, lastUses())

		// Fractions of every length, where an order of texts could go wrong.
		second := epoch.Truncate(time.Second)
		steps := []time.Duration{0, 1000, 10_000, 100_000_000, 100_001_000, 120_000_000, 999_999_000, 1_000_000_000}
		for i, step := range steps {
			touch(second.Add(step), second)
			require.Equal(t, []time.Time{second.Add(step), second}, lastUses())
			for _, earlier := range steps[:i] {
				touch(second.Add(earlier), second)
			}
			require.Equal(t, []time.Time{second.Add(step), second}, lastUses(), "moved backwards")
		}
	})
}

func TestTouchManyTokens(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		stores := []*db.Store{open(), open()}
		alice := newUser(t, stores[0], "alice")
		lastUse := map[int64]time.Time{}
		for i := range 450 {
			token, err := stores[0].CreateToken(t.Context(), db.NewToken{UserID: alice.ID, Hash: sha256.Sum256([]byte{byte(i), byte(i >> 8)})})
			require.NoError(t, err)
			lastUse[token.ID] = epoch
		}
		// At once, over the same rows: no deadlock.
		for _, err := range runAtOnce(4, func(i int) error { return stores[i%2].TouchTokens(t.Context(), lastUse) }) {
			require.NoError(t, err)
		}
		all, err := stores[1].Tokens(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 450)
		for _, token := range all {
			require.Equal(t, epoch, *token.LastUseTime)
		}
	})
}
