package dbtest

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// A database that another test has used is empty again, even if that test was
// still connected to it.
func TestDatabasesAreEmptied(t *testing.T) {
	var before string
	t.Run("one", func(t *testing.T) {
		var pool *sql.DB
		var tx *sql.Tx // its locks would block the reset
		t.Cleanup(func() {
			require.Error(t, tx.Rollback(), "its connection was ended")
			_ = pool.Close() // its connections were ended, too
		})
		before = PostgresURL(t)
		pool, err := sql.Open("postgres", before)
		require.NoError(t, err)
		tx, err = pool.Begin()
		require.NoError(t, err)
		_, err = tx.Exec("CREATE TABLE other (x INTEGER)")
		require.NoError(t, err)
		_, err = pool.Exec("CREATE TABLE stays (x INTEGER)")
		require.NoError(t, err)
	})
	t.Run("another", func(t *testing.T) {
		require.Equal(t, before, PostgresURL(t))
		pool, err := sql.Open("postgres", before)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, pool.Close()) })
		var tables int
		require.NoError(t, pool.QueryRow("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables))
		require.Zero(t, tables)
	})
}
