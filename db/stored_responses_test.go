package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestStoredResponses(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
		claim := func(s *db.Store, user db.User, key string, at time.Time) *db.StoredResponse {
			t.Helper()
			a, err := s.ClaimIdempotencyKey(t.Context(), db.IdempotencyClaim{
				IdempotencyKey: db.IdempotencyKey{UserID: user.ID, Key: key}, RequestHash: [32]byte{1}, Server: "main", Now: at, Since: at.Add(-time.Hour), Quota: 3,
			})
			require.NoError(t, err)
			return a
		}
		require.Nil(t, claim(s, alice, "one", epoch))
		claimed := db.StoredResponse{RequestHash: [32]byte{1}, Server: "main", CreateTime: epoch, Complete: true}
		require.Empty(t, cmp.Diff(claimed, *claim(s, alice, "one", epoch.Add(time.Minute))))
		require.Nil(t, claim(s, bob, "one", epoch), "a key is one user's")

		one := db.IdempotencyKey{UserID: alice.ID, Key: "one"}
		given := db.StoredResponse{Status: 201, Header: map[string]string{"Location": "/é"}, Body: []byte("\x00\xffbody")}
		require.NoError(t, s.StoreResponse(t.Context(), one, given, 10))
		given.RequestHash, given.Server, given.CreateTime, given.Complete = [32]byte{1}, "main", epoch, true
		require.Empty(t, cmp.Diff(given, *claim(open(), alice, "one", epoch.Add(time.Hour))), "after a restart")

		two := db.IdempotencyKey{UserID: alice.ID, Key: "two"}
		require.Nil(t, claim(s, alice, "two", epoch))
		require.NoError(t, s.StoreResponse(t.Context(), two, db.StoredResponse{Status: 200, Body: []byte("12345")}, 10))
		full := claim(s, alice, "two", epoch)
		require.Equal(t, [2]any{200, false}, [2]any{full.Status, full.Complete}, "no room for 6 + 5 bytes")
		require.Nil(t, claim(s, alice, "three", epoch))
		require.NoError(t, s.StoreResponse(t.Context(), db.IdempotencyKey{UserID: alice.ID, Key: "three"}, db.StoredResponse{Status: 204}, 10))
		require.True(t, claim(s, alice, "three", epoch).Complete, "an empty body needs no room")

		_, err := s.ClaimIdempotencyKey(t.Context(), db.IdempotencyClaim{IdempotencyKey: db.IdempotencyKey{UserID: alice.ID, Key: "four"}, Now: epoch, Quota: 3})
		require.ErrorIs(t, err, db.ErrQuota)
		require.NoError(t, s.ReleaseIdempotencyKey(t.Context(), two))
		require.NoError(t, s.ReleaseIdempotencyKey(t.Context(), two))
		require.ErrorIs(t, s.StoreResponse(t.Context(), two, given, 10), db.ErrNotFound)
		require.Nil(t, claim(s, alice, "four", epoch))

		require.Nil(t, claim(s, alice, "one", epoch.Add(time.Hour+time.Microsecond)), "the old claim has expired")
		require.NotNil(t, claim(s, bob, "one", epoch))
		require.NoError(t, s.ReleaseIdempotencyKeysBefore(t.Context(), epoch.Add(time.Microsecond)))
		require.Nil(t, claim(s, bob, "one", epoch))

		_, err = s.ClaimIdempotencyKey(t.Context(), db.IdempotencyClaim{IdempotencyKey: db.IdempotencyKey{UserID: 999, Key: "x"}})
		require.ErrorIs(t, err, db.ErrNotFound)
		_, err = s.ClaimIdempotencyKey(t.Context(), db.IdempotencyClaim{IdempotencyKey: db.IdempotencyKey{UserID: alice.ID, Key: strings.Repeat("\x00", 2)}})
		require.ErrorIs(t, err, db.ErrInvalid)
	})
}
