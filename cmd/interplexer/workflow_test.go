package main

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/db/dbtest"
)

// The workflow of the original service, on its paths.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		alice, bob := s.newUser("alice"), s.newUser("bob") // while it serves

		j := v.create(alice, "")
		require.Equal(t, "alice", j.User)
		require.Equal(t, "running", j.Status)
		require.Equal(t, []sessionJSON{j}, decode[[]sessionJSON](t, v.call(alice, "GET", "/api/sessions/", "", http.StatusOK)))
		require.Equal(t, j, decode[sessionJSON](t, v.call(alice, "GET", j.path(""), "", http.StatusOK)))

		v.call(alice, "POST", j.path("send-keys"), `{"keys":"echo hel''lo"}`, http.StatusNoContent)
		v.awaitScreen(alice, j, "hello")

		v.call(bob, "GET", j.path(""), "", http.StatusNotFound)
		v.call(bob, "POST", j.path("capture-pane"), "", http.StatusNotFound)
		v.call(bob, "POST", j.path("send-keys"), `{"keys":"x"}`, http.StatusNotFound)
		v.call(bob, "DELETE", j.path(""), "", http.StatusNotFound)
		require.Equal(t, "[]", strings.TrimSpace(v.call(bob, "GET", "/api/sessions/", "", http.StatusOK)))

		v.call(alice, "DELETE", j.path(""), "", http.StatusNoContent)
		v.call(alice, "GET", j.path(""), "", http.StatusNotFound)
		v.call(alice, "POST", j.path("capture-pane"), "", http.StatusNotFound)
		v.stop()
	})
}

// A first start on SQLite writes a valid token to a file that nobody else can
// read, and the next start keeps it.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	path := filepath.Join(s.data, tokenFile)
	require.Contains(t, v.out, `curl -H "Authorization: Bearer $(cat '`+path+`')" `+v.url+"/api/sessions")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	info, err = os.Stat(s.data)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())

	token := s.firstToken()
	require.Equal(t, "[]", strings.TrimSpace(v.call(token, "GET", "/api/sessions", "", http.StatusOK)))
	v.call(token, "GET", "/metrics", "", http.StatusOK) // for administrators only
	v.stop()

	v = s.start()
	require.Equal(t, token, s.firstToken())
	v.call(token, "GET", "/api/sessions", "", http.StatusOK)

	// Revoking works at once, and the next start no longer prints the curl command.
	s.cli("token", "revoke", "1")
	require.Eventually(t, func() bool {
		res, _, err := v.do(token, "GET", "/api/sessions", "")
		return err == nil && res.StatusCode == http.StatusUnauthorized
	}, patience, tick)
	v.stop()
	v = s.start()
	require.NotContains(t, v.out, "curl")
	require.Contains(t, v.out, "token create --user "+osUserName())
	v.stop()
}

// On Postgres the first start creates no user: other services may share the
// database.
func TestFirstStartOnPostgres(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.PostgresURL(t))
	v := s.start()
	require.Contains(t, v.out, "user add "+osUserName()+" --admin")
	require.Contains(t, v.out, "token create --user "+osUserName())
	require.NoFileExists(t, filepath.Join(s.data, tokenFile))
	require.Equal(t, "[]", s.cli("user", "list", "--json"))
	v.stop()
}
