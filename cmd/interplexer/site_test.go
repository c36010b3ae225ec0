package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

const (
	patience = 30 * time.Second // for what must happen; a loaded machine is slow
	tick     = 10 * time.Millisecond
)

// site is what outlives a server: the store, the data directory and a tmux
// server of the test's own.
type site struct {
	t      *testing.T
	socket string
	tmp    string // TMUX_TMPDIR; short, for a socket's path has 104 bytes
	data   string
	env    []string
	url    string // of Postgres, "" for SQLite

	program string              // the one to run; empty: as $PATH has it
	as      *syscall.Credential // of the program and of tmux; nil: ours
}

// onStores runs a test on a fresh site per kind of store.
func onStores(t *testing.T, test func(t *testing.T, s *site)) {
	t.Run(db.SQLite, func(t *testing.T) { test(t, newSite(t, "")) })
	t.Run(db.Postgres, func(t *testing.T) { test(t, newSite(t, dbtest.PostgresURL(t))) })
}

func newSite(t *testing.T, databaseURL string) *site {
	t.Helper()
	tmp, err := os.MkdirTemp("", "ipx")
	require.NoError(t, err)
	t.Cleanup(func() {
		// Shells that are ended still write their history.
		require.Eventually(t, func() bool { return os.RemoveAll(tmp) == nil }, patience, tick)
	})
	s := &site{t: t, socket: fmt.Sprintf("ipx-test-%d", os.Getpid()), tmp: tmp, data: filepath.Join(tmp, "data"), url: databaseURL}
	home := filepath.Join(tmp, "home")
	require.NoError(t, os.Mkdir(home, 0o700))
	s.env = append(os.Environ(),
		// The shells must not run whatever the user's own profile starts:
		// killing it half-way may leave locks behind.
		"HOME="+home,
		"TMUX_TMPDIR="+tmp,
		"INTERPLEXER_DATA_DIR="+s.data,
		"INTERPLEXER_TMUX_SOCKET="+s.socket,
		"INTERPLEXER_LISTEN=127.0.0.1:0",
		"INTERPLEXER_DATABASE_URL="+databaseURL,
		// The race detector waits a second at exit by default.
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	t.Cleanup(func() { _ = s.tmuxCommand("kill-server").Run() }) // fails when there is none any more
	return s
}

// tmuxCommand runs the real tmux beside the server, as a user would.
func (s *site) tmuxCommand(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), "tmux", append([]string{"-L", s.socket}, args...)...)
	if s.t.Context().Err() != nil { // in a cleanup
		cmd = exec.Command("tmux", append([]string{"-L", s.socket}, args...)...)
	}
	cmd.Env, cmd.SysProcAttr = s.env, &syscall.SysProcAttr{Credential: s.as}
	return cmd
}

// tmux gives tmux's answer.
func (s *site) tmux(args ...string) string {
	s.t.Helper()
	out, err := s.tmuxCommand(args...).CombinedOutput()
	require.NoErrorf(s.t, err, "tmux %q: %s", args, out)
	return strings.TrimSpace(string(out))
}

// cli runs the program to its end and gives what it prints.
func (s *site) cli(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "interplexer", args...)
	cmd.Env = s.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoErrorf(s.t, err, "interplexer %q: %s", args, stderr.String())
	return strings.TrimSpace(string(out))
}

// newUser is a token of a new user.
func (s *site) newUser(name string) string {
	s.t.Helper()
	s.cli("user", "add", name)
	return s.cli("token", "create", "--user", name)
}

// open opens the site's store beside the server.
func (s *site) open() *db.Store {
	s.t.Helper()
	o := db.Options{URL: s.url}
	if s.url == "" {
		o.Path = filepath.Join(s.data, databaseFile)
	}
	store, err := db.Open(s.t.Context(), o)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, store.Close()) })
	return store
}

// firstToken is the one in the data directory.
func (s *site) firstToken() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, tokenFile))
	require.NoError(s.t, err)
	return strings.TrimSpace(string(text))
}

// command is the program, not started.
func (s *site) command(args ...string) *exec.Cmd {
	program := cmp.Or(s.program, "interplexer")
	cmd := exec.Command(program, append([]string{"serve"}, args...)...)
	cmd.Env, cmd.SysProcAttr = s.env, &syscall.SysProcAttr{Credential: s.as}
	cmd.Stderr = &logBuffer{}
	return cmd
}

func (s *site) start(args ...string) *server {
	s.t.Helper()
	return s.launch(s.command(args...))
}
