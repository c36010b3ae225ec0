package db_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestOpenEmptyStoreAtOnce(t *testing.T) {
	t.Parallel()
	for _, dialect := range dbtest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			o := dbtest.Options(t, dialect)
			stores := make([]*db.Store, 6)
			errs := runAtOnce(len(stores), func(i int) (err error) {
				stores[i], err = db.Open(t.Context(), o)
				return err
			})
			for i, err := range errs {
				require.NoError(t, err)
				require.NoError(t, stores[i].Ping(t.Context()))
				require.Equal(t, dialect, stores[i].Dialect())
			}
			newUser(t, stores[0], "alice")
			_, err := stores[1].UserByName(t.Context(), "alice")
			require.NoError(t, err)
			for _, s := range stores {
				require.NoError(t, s.Close())
			}
		})
	}
}

func TestStoreSurvivesReopening(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		first := open()
		want := createSession(t, first, newSession(newUser(t, first, "alice"), 1, "build"))
		require.NoError(t, first.Close())
		requireSession(t, open(), want)
	})
}

func TestOpenRefusesNewerStore(t *testing.T) {
	t.Parallel()
	for _, dialect := range dbtest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			o := dbtest.Options(t, dialect)
			dbtest.OpenOptions(t, o)
			exec(t, openRaw(t, o), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)")
			_, err := db.Open(t.Context(), o)
			require.ErrorContains(t, err, "newer")
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := open()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Users(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, db.ErrUnavailable)
		_, err = s.CreateUser(ctx, "alice", false)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, db.ErrUnavailable)
		newUser(t, s, "alice")
	})
}

func TestOpenNeedsAPlace(t *testing.T) {
	t.Parallel()
	_, err := db.Open(t.Context(), db.Options{})
	require.Error(t, err)
	_, err = db.Open(t.Context(), db.Options{Path: filepath.Join(t.TempDir(), "none", "store.db")})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestSQLiteFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "a b?c#d%20é;'\".db")
	s := dbtest.OpenOptions(t, db.Options{Path: path})
	newUser(t, s, "alice")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode(), e.Name())
		names = append(names, e.Name())
	}
	base := filepath.Base(path)
	require.ElementsMatch(t, []string{base, base + "-wal", base + "-shm", base + ".lock"}, names)
}

// While another process holds the file's write lock, a write fails in time with
// ErrUnavailable, and reads succeed.
func TestTimedSQLiteLocked(t *testing.T) {
	o := dbtest.Options(t, db.SQLite)
	o.QueryTimeout = 200 * time.Millisecond
	s := dbtest.OpenOptions(t, o)
	newUser(t, s, "alice")
	holder, err := openRaw(t, o).Conn(t.Context())
	require.NoError(t, err)
	defer holder.Close()
	exec(t, holder, "BEGIN IMMEDIATE")

	start := time.Now()
	_, err = s.CreateUser(t.Context(), "bob", false)
	require.ErrorIs(t, err, db.ErrUnavailable)
	require.Less(t, time.Since(start), o.QueryTimeout+time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.CreateUser(ctx, "bob", false)
	require.ErrorIs(t, err, db.ErrUnavailable, "the caller's deadline is no cancellation")
	_, err = s.UserByName(t.Context(), "alice")
	require.NoError(t, err)

	exec(t, holder, "ROLLBACK")
	newUser(t, s, "bob")
}
