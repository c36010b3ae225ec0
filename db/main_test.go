package db_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// epoch has microseconds, which both stores must keep.
var epoch = time.Date(2026, 3, 4, 5, 6, 7, 890123000, time.UTC)

func newUser(t *testing.T, s *db.Store, name string) db.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), name, false)
	require.NoError(t, err)
	return u
}

// raw is a connection beside the store's.
func raw(t *testing.T, o db.Options) *sql.DB {
	t.Helper()
	driver, source := "postgres", o.URL
	if o.Path != "" {
		driver, source = "sqlite", "file:"+o.Path+"?_busy_timeout=5000"
	}
	pool, err := sql.Open(driver, source)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	return pool
}

func exec(t *testing.T, q interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, query string, args ...any,
) {
	t.Helper()
	_, err := q.ExecContext(t.Context(), query, args...)
	require.NoError(t, err)
}
