package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/access"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// After a crash at any step of the first start, the next start ends with one
// administrator, whose one token is in the file.
func TestCreateFirstUser(t *testing.T) {
	t.Parallel()
	adminOnly := func(t *testing.T, store *db.Store, _ string) {
		_, err := store.CreateUser(t.Context(), osUserName(), true)
		require.NoError(t, err)
	}
	written, _ := access.NewToken()
	file := func(text string, mode os.FileMode) func(*testing.T, *db.Store, string) {
		return func(t *testing.T, _ *db.Store, path string) {
			require.NoError(t, os.WriteFile(path, []byte(text), mode))
			require.NoError(t, os.Chmod(path, mode))
		}
	}
	for name, c := range map[string]struct {
		before []func(*testing.T, *db.Store, string)
		token  string // expected; "" is a new one
	}{
		"empty":                     {},
		"user but no file":          {before: steps(adminOnly)},
		"user and file":             {before: steps(adminOnly, file(written+"\n", 0o600)), token: written},
		"file of a store now gone":  {before: steps(file(written+"\n", 0o600)), token: written},
		"file cut short":            {before: steps(adminOnly, file(written[:20], 0o600))},
		"file that others can read": {before: steps(adminOnly, file(written+"\n", 0o644))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, path := dbtest.Open(t, db.SQLite), filepath.Join(t.TempDir(), tokenFile)
			for _, step := range c.before {
				step(t, store, path)
			}
			for range 2 { // the second time changes nothing
				require.NoError(t, createFirstUser(t.Context(), store, path))
				plain, ok := readToken(path)
				require.True(t, ok)
				if c.token != "" {
					require.Equal(t, c.token, plain)
				} else {
					require.NotEqual(t, written, plain)
				}
				c.token = plain
				requireOnly(t, store, plain)
			}
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Len(t, entries, 1)
		})
	}
}

func steps(s ...func(*testing.T, *db.Store, string)) []func(*testing.T, *db.Store, string) { return s }

// requireOnly requires one user, the administrator, and one token, this one.
func requireOnly(t *testing.T, store *db.Store, plain string) {
	t.Helper()
	users, err := store.Users(t.Context())
	require.NoError(t, err)
	require.Len(t, users, 1)
	require.Equal(t, osUserName(), users[0].Name)
	require.True(t, users[0].Admin)
	tokens, err := store.Tokens(t.Context())
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	require.Equal(t, firstTokenLabel, tokens[0].Label)
	_, err = store.TokenByHash(t.Context(), access.HashToken(plain))
	require.NoError(t, err)
}

// A store that somebody has set up gets no user and no token.
func TestCreateFirstUserLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	for name, setUp := range map[string]func(t *testing.T, store *db.Store){
		"another user": func(t *testing.T, store *db.Store) {
			_, err := store.CreateUser(t.Context(), "somebody-else", true)
			require.NoError(t, err)
		},
		"no administrator": func(t *testing.T, store *db.Store) {
			_, err := store.CreateUser(t.Context(), osUserName(), false)
			require.NoError(t, err)
		},
		"a revoked token": func(t *testing.T, store *db.Store) {
			u, err := store.CreateUser(t.Context(), osUserName(), true)
			require.NoError(t, err)
			_, hash := access.NewToken()
			token, err := store.CreateToken(t.Context(), db.NewToken{UserID: u.ID, Hash: hash})
			require.NoError(t, err)
			require.NoError(t, store.RevokeToken(t.Context(), token.ID, time.Now()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, path := dbtest.Open(t, db.SQLite), filepath.Join(t.TempDir(), tokenFile)
			setUp(t, store)
			before, err := store.Tokens(t.Context())
			require.NoError(t, err)
			require.NoError(t, createFirstUser(t.Context(), store, path))
			require.NoFileExists(t, path)
			after, err := store.Tokens(t.Context())
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
}

// The printed commands can be pasted into a shell, whatever the data directory is
// called, and have no secret.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	s := &settings{DataDir: "/home/o'neil/a $(b)", envDataDir: "/x"}
	require.Contains(t, s.commandLine("token", "create"), ` token create --data-dir '/home/o'\''neil/a $(b)'`)
	s.DatabaseURL = "postgres://me:s3cret@localhost/x"
	require.NotContains(t, s.commandLine("token", "create"), "s3cret")
}
