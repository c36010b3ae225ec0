package controlmode_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
	"interplexer/controlmode/handover"
)

// within waits for a state and says how long that took.
func within(t *testing.T, d time.Duration, s *controlmode.Server, want controlmode.State) {
	t.Helper()
	began := time.Now()
	require.Eventually(t, func() bool { return s.State() == want }, 10*time.Second, 5*time.Millisecond, "%s", want)
	require.Less(t, time.Since(began), d, "%s", want)
}

// freeze stops a process until the test, or the call of what it returns, lets
// it go on.
func freeze(t *testing.T, pid int) (thaw func()) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	thaw = func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
	t.Cleanup(thaw)
	return thaw
}

func TestStoppedServerIsNoticed(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	_, pane := newPane(t, server, "s", "cat")
	require.Equal(t, controlmode.StateConnected, server.State())
	thaw := freeze(t, id.PID)
	within(t, 3*time.Second, server, controlmode.StateDegraded) // 2 s, and what this machine is late
	began := time.Now()
	require.ErrorIs(t, client.KillSession(t.Context(), pane.Session), controlmode.ErrDown)
	_, err = server.Current(t.Context())
	require.ErrorIs(t, err, controlmode.ErrDown)
	require.Less(t, time.Since(began), 10*time.Second)
	waiting := make(chan error, 1)
	go func() { waiting <- client.Ping(t.Context()) }()
	thaw()
	require.NoError(t, <-waiting, "whoever waited is served")
	within(t, 3*time.Second, server, controlmode.StateConnected)
	_, err = client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err, "what was refused was not done")
	require.Equal(t, 1, server.Connects())
}

// A client that died while tmux was stopped is noticed when tmux goes on. Another
// one that identified itself just then would crash it.
func TestClientKilledWhileTmuxIsStopped(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	said := make(chan string, 1024)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket, Logger: slog.New(slog.NewTextHandler(lines(said), nil))})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	newPane(t, server, "keeper", "cat")
	sub := server.Subscribe(64)
	defer sub.Close()
	for range 3 {
		client := clientPID(t, socket)
		thaw := freeze(t, id.PID)
		require.NoError(t, syscall.Kill(client, syscall.SIGKILL))
		for !strings.Contains(<-said, "tmux dial failed") {
		}
		thaw()
		require.Equal(t, id, awaitConnected(t, sub), "the tmux server died")
	}
}

// lines is a writer of a log, line by line.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// The client's process hands its terminal to the tmux server and has nothing
// more to do.
func TestStoppedClientGoesOn(t *testing.T) {
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	freeze(t, clientPID(t, socket))
	require.NoError(t, server.On(id).Ping(t.Context()))
	require.Equal(t, 1, server.Connects())
}

func TestStuckClientIsReplaced(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	newPane(t, server, "keeper", "cat")
	sub := server.Subscribe(64)
	defer sub.Close()
	stuck := make(chan error, 1)
	go func() {
		_, err := server.On(id).Print(t.Context(), "wait-for nobody")
		stuck <- err
	}()
	require.Equal(t, id, awaitConnected(t, sub))
	require.ErrorIs(t, <-stuck, controlmode.ErrUnknownOutcome)
	require.NoError(t, server.On(id).Ping(t.Context()))
	require.Equal(t, controlmode.StateConnected, server.State())
}

func TestRemovedSocketComesBack(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	newPane(t, server, "keeper", "cat")
	require.NoError(t, os.Remove(id.Socket))
	require.Eventually(t, func() bool {
		_, err := os.Stat(id.Socket)
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	sub := server.Subscribe(64)
	defer sub.Close()
	require.NoError(t, syscall.Kill(clientPID(t, socket), syscall.SIGKILL))
	require.Equal(t, id, awaitConnected(t, sub), "the sessions are still reached")
}

// Somebody else's server on our socket would be taken for ours by the next
// client, and the sessions of ours be lost.
func TestReplacedSocketComesBack(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	newPane(t, server, "keeper", "cat")
	theirs := id.PID
	for theirs == id.PID { // until theirs is there before ours is back
		require.NoError(t, os.Remove(id.Socket))
		text := controltest.Tmux(t, socket, "-f", "/dev/null", "new-session", "-d", "-P", "-F", "#{pid}", "cat")
		theirs, err = strconv.Atoi(strings.TrimSpace(text))
		require.NoError(t, err)
	}
	t.Cleanup(func() { _ = syscall.Kill(theirs, syscall.SIGKILL) }) // nobody reaches it
	require.Eventually(t, func() bool {
		out, err := exec.Command("tmux", "-N", "-L", socket, "display-message", "-p", "#{pid}").Output()
		return err == nil && strings.TrimSpace(string(out)) == strconv.Itoa(id.PID)
	}, 10*time.Second, 5*time.Millisecond)
	sub := server.Subscribe(64)
	defer sub.Close()
	require.NoError(t, syscall.Kill(clientPID(t, socket), syscall.SIGKILL))
	require.Equal(t, id, awaitConnected(t, sub), "the sessions are still reached")
}

func TestDeadServerIsDown(t *testing.T) {
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	sub := server.Subscribe(64)
	defer sub.Close()
	require.NoError(t, syscall.Kill(id.PID, syscall.SIGKILL))
	require.NotEqual(t, id, awaitConnected(t, sub))
	require.ErrorIs(t, server.On(id).Ping(context.Background()), controlmode.ErrServerGone)
	require.Equal(t, controlmode.StateConnected, server.State())
}

// Input that was given up while tmux did not answer leaves no buffer behind,
// though it is taken when tmux goes on.
func TestGivenUpInputLeavesNoBuffer(t *testing.T) {
	server := controltest.Start(t, controlmode.ServerOptions{})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	_, pane := newPane(t, server, "s", "cat")
	thaw := freeze(t, id.PID)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	typed := make(chan error, 1)
	go func() {
		typed <- server.On(id).SendKeys(ctx, controlmode.ActivePane(pane.Session), new(controlmode.Input).Paste(strings.Repeat("x", 100<<10)))
	}()
	within(t, 3*time.Second, server, controlmode.StateDegraded)
	cancel()
	require.Error(t, <-typed)
	thaw()
	client := server.On(id)
	require.Eventually(t, func() bool {
		buffers, err := client.Print(t.Context(), "list-buffers -F '#{buffer_name}'")
		return err == nil && buffers == ""
	}, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, 1, server.Connects())
}

// logged is a log that calls with each message.
type logged func(message string)

func (l logged) Enabled(context.Context, slog.Level) bool { return true }

func (l logged) Handle(_ context.Context, r slog.Record) error {
	l(r.Message)
	return nil
}

func (l logged) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l logged) WithGroup(string) slog.Handler      { return l }

// A tmux server that is stopped when we start has the sessions: it is waited for.
func TestStartWaitsForAStoppedServer(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	first := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	_, pane := newPane(t, first, "s", "cat")
	id, err := first.Current(t.Context())
	require.NoError(t, err)
	require.NoError(t, first.Close())
	thaw := freeze(t, id.PID)
	second := controltest.Start(t, controlmode.ServerOptions{SocketName: socket, Logger: slog.New(logged(func(message string) {
		if message == "tmux does not answer yet" {
			thaw()
		}
	}))})
	again, err := second.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, id, again)
	_, err = second.On(id).ListPanes(t.Context(), pane.Session)
	require.NoError(t, err)
}

// A tmux server that was stopped reads the input that was given up meanwhile only
// when it goes on: from what that was, and not from whatever has its place now.
func TestGivenUpInputIsNothingElse(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	thaw := freeze(t, id.PID)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.Error(t, client.SendKeys(ctx, controlmode.ActivePane(pane.Session), new(controlmode.Input).Paste(strings.Repeat("x", 10_000))))
	for range 20 { // to read from one of these takes for ever
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		defer w.Close()
	}
	thaw()
	_, err = client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err)
}

// Whoever cleans folders for temporary files may do so while tmux is about to read
// long input from one.
func TestInputOutlivesItsFile(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	thaw := freeze(t, id.PID)
	text := strings.Repeat("x", 10_007)
	typed := make(chan error, 1)
	go func() {
		typed <- client.SendKeys(t.Context(), controlmode.ActivePane(pane.Session), new(controlmode.Input).Paste(text))
	}()
	require.Eventually(t, func() bool {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(id.Socket), handover.Prefix+strconv.Itoa(os.Getpid())+"-*"))
		require.NoError(t, err)
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.Size() == int64(len(text)) { // no other test's
				return os.Remove(file) == nil
			}
		}
		return false
	}, 5*time.Second, time.Millisecond)
	thaw()
	require.NoError(t, <-typed)
	require.Eventually(t, func() bool {
		screen, err := client.Print(t.Context(), "capture-pane -p -t s:")
		return err == nil && strings.Contains(screen, "xxxx")
	}, 5*time.Second, 5*time.Millisecond)
}
