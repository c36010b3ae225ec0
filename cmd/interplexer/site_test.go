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
	patience = 30 * time.Second      // timeout of every Eventually, enough for a loaded machine
	tick     = 10 * time.Millisecond // between two looks
)

// site is the environment of a service, which outlives the process: the store, the
// data directory and the private tmux server of one test.
type site struct {
	t      *testing.T
	socket string
	tmp    string // TMUX_TMPDIR; short, because the path of a socket has 104 bytes at most
	data   string
	env    []string
	url    string // of the Postgres database; "" for SQLite

	program string              // to run; "" is the interplexer in $PATH
	as      *syscall.Credential // the OS user of the program and of tmux; nil is ours
}

// onStores runs a test twice in parallel, on a new site with each kind of store.
func onStores(t *testing.T, test func(t *testing.T, s *site)) {
	t.Run(db.SQLite, func(t *testing.T) {
		t.Parallel()
		test(t, newSite(t, ""))
	})
	t.Run(db.Postgres, func(t *testing.T) {
		t.Parallel()
		test(t, newSite(t, dbtest.PostgresURL(t)))
	})
}

// newSite creates a site. Its cleanup kills the tmux server and removes the files.
func newSite(t *testing.T, databaseURL string) *site {
	t.Helper()
	tmp, err := os.MkdirTemp("", "ipx")
	require.NoError(t, err)
	t.Cleanup(func() {
		// A shell that tmux has ended may still write its history.
		require.Eventually(t, func() bool { return os.RemoveAll(tmp) == nil }, patience, tick)
	})
	s := &site{t: t, socket: fmt.Sprintf("ipx-test-%d", os.Getpid()), tmp: tmp, data: filepath.Join(tmp, "data"), url: databaseURL}
	home := filepath.Join(tmp, "home")
	require.NoError(t, os.Mkdir(home, 0o700))
	s.env = append(os.Environ(),
		// The shells must not run the profile of the user: killing the
		// programs that it starts may leave locks behind.
		"HOME="+home,
		"TMUX_TMPDIR="+tmp,
		"INTERPLEXER_DATA_DIR="+s.data,
		"INTERPLEXER_TMUX_SOCKET="+s.socket,
		"INTERPLEXER_LISTEN=127.0.0.1:0",
		"INTERPLEXER_DATABASE_URL="+databaseURL,
		// The race detector waits a second at exit by default.
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	t.Cleanup(func() { _ = s.tmuxCommand("kill-server").Run() }) // fails when none is left
	return s
}

// tmuxCommand returns a command of tmux on the server of the site, as a user would
// run it beside the service.
func (s *site) tmuxCommand(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), "tmux", append([]string{"-L", s.socket}, args...)...)
	if s.t.Context().Err() != nil { // in a cleanup
		cmd = exec.Command("tmux", append([]string{"-L", s.socket}, args...)...)
	}
	cmd.Env, cmd.SysProcAttr = s.env, &syscall.SysProcAttr{Credential: s.as}
	return cmd
}

// tmux runs a tmux command and returns its output.
func (s *site) tmux(args ...string) string {
	s.t.Helper()
	out, err := s.tmuxCommand(args...).CombinedOutput()
	require.NoErrorf(s.t, err, "tmux %q: %s", args, out)
	return strings.TrimSpace(string(out))
}

// cli runs the program to its end and returns its output.
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

// newUser adds a user and returns a token of theirs.
func (s *site) newUser(name string) string {
	s.t.Helper()
	s.cli("user", "add", name)
	return s.cli("token", "create", "--user", name)
}

// open opens the store of the site, beside the service.
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

// firstToken returns the token in the data directory.
func (s *site) firstToken() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, tokenFile))
	require.NoError(s.t, err)
	return strings.TrimSpace(string(text))
}

// command returns interplexer serve, not started.
func (s *site) command(args ...string) *exec.Cmd {
	program := cmp.Or(s.program, "interplexer")
	cmd := exec.Command(program, append([]string{"serve"}, args...)...)
	cmd.Env, cmd.SysProcAttr = s.env, &syscall.SysProcAttr{Credential: s.as}
	cmd.Stderr = &logBuffer{}
	return cmd
}

// start starts a service and waits until it serves.
func (s *site) start(args ...string) *server {
	s.t.Helper()
	return s.launch(s.command(args...))
}
