package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A shell inherits nothing secret from the service: no variable, no file
// descriptor.
func TestShellsAreClean(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		inherited, err := os.Create(filepath.Join(s.tmp, "inherited-file"))
		require.NoError(t, err)
		defer inherited.Close()
		cmd := s.command()
		cmd.ExtraFiles = []*os.File{inherited, inherited}
		cmd.Env = append(cmd.Env, "INTERPLEXER_LOG_FORMAT=json", "PGPASSWORD=s3cret", "PGHOST=s3cret", "NOTIFY_SOCKET=/s3cret",
			"LISTEN_FDS=1", "LISTEN_PID=1", "AWS_SECRET_ACCESS_KEY=s3cret", "SOME_TOKEN=s3cret")
		if s.url == "" {
			// Set but unused: the flag overrides it.
			cmd.Env = append(cmd.Env, "INTERPLEXER_DATABASE_URL=postgres://me:s3cret@localhost/x")
			cmd.Args = append(cmd.Args, "--database-url", "")
		}
		v := s.launch(cmd)
		token := s.newUser("alice")
		j := v.create(token, "")

		seen := filepath.Join(s.tmp, "seen")
		v.call(token, "POST", j.path("send-keys"),
			`{"keys":"(env; ls -l /dev/fd/) > `+seen+`.part 2>&1; mv `+seen+`.part `+seen+`"}`, http.StatusNoContent)
		require.Eventually(t, func() bool { _, err := os.Stat(seen); return err == nil }, patience, tick)
		text, err := os.ReadFile(seen)
		require.NoError(t, err)

		environ, descriptors, ok := strings.Cut(string(text), "\ntotal ")
		require.Truef(t, ok, "%s", text)
		require.Contains(t, environ, "PATH=")
		for _, secret := range []string{
			"INTERPLEXER_", "PGPASSWORD", "PGHOST", "NOTIFY_SOCKET", "LISTEN_", "AWS_", "SOME_TOKEN", "s3cret",
			"postgres:", "inherited-file", databaseFile, "TMUX_SOCKET",
		} {
			require.NotContains(t, string(text), secret)
		}
		// 0, 1, 2 and the directory that ls reads.
		require.Lenf(t, strings.Split(strings.TrimSpace(descriptors), "\n")[1:], 4, "%s", descriptors)
		v.stop()
	})
}
