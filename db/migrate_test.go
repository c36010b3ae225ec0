package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

// A store that has later migrations but lacks an earlier one gets it, and its old
// rows then equal rows that never had the column's value.
func TestMigrationsInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, dialect := range dbtest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			o := dbtest.Options(t, dialect)
			s := dbtest.OpenOptions(t, o)
			old := createSession(t, s, newSession(newUser(t, s, "alice"), 1, "old"))
			pool := openRaw(t, o)
			exec(t, pool, "ALTER TABLE sessions DROP COLUMN labels")
			exec(t, pool, "DELETE FROM goose_db_version WHERE version_id = 3")
			again := dbtest.OpenOptions(t, o)
			got, err := again.SessionByID(t.Context(), old.ID)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(old, got))
			_, err = again.EditSession(t.Context(), old.ID, db.SessionEdit{Labels: map[string]string{"a": "b"}, Width: 1, Height: 1}, epoch)
			require.NoError(t, err)
		})
	}
}
