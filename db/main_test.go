package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// epoch has microseconds, the precision that both databases must keep.
var epoch = time.Date(2026, 3, 4, 5, 6, 7, 890123000, time.UTC)

func newUser(t *testing.T, s *db.Store, name string) db.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), name, false)
	require.NoError(t, err)
	return u
}

// openRaw opens the store's database without the store. It is closed at the test's
// end.
func openRaw(t *testing.T, o db.Options) *sql.DB {
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

// runAtOnce calls f n times, each in a goroutine, and returns their errors by index
// when all have returned.
func runAtOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// requireWinners requires that so many calls succeeded and all others failed with
// loss.
func requireWinners(t *testing.T, errs []error, want int, loss error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.True(t, errors.Is(err, loss), "%v", err)
	}
	require.Equal(t, want, won)
}
