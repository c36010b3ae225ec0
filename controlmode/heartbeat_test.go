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

// awaitState waits for a state and returns how long that took.
func awaitState(t *testing.T, s *controlmode.Server, want controlmode.State) time.Duration {
	t.Helper()
	began := time.Now()
	require.Eventually(t, func() bool { return s.State() == want }, 10*time.Second, 5*time.Millisecond, "%s", want)
	return time.Since(began)
}

// freeze stops a process until thaw is called or the test ends.
func freeze(t *testing.T, pid int) (thaw func()) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	thaw = func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
	t.Cleanup(thaw)
	return thaw
}

func TestTimedStoppedServerIsNoticed(t *testing.T) {
	server := controltest.Start(t, controlmode.ServerOptions{})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	_, pane := newPane(t, server, "s", "cat")
	require.Equal(t, controlmode.StateConnected, server.State())
	thaw := freeze(t, id.PID)
	require.Less(t, awaitState(t, server, controlmode.StateDegraded), 3*time.Second) // 2 s, and the machine may be late
	began := time.Now()
	require.ErrorIs(t, client.KillSession(t.Context(), pane.Session), controlmode.ErrDown)
	_, err = server.Current(t.Context())
	require.ErrorIs(t, err, controlmode.ErrDown)
	require.Less(t, time.Since(began), 10*time.Second)
	waiting := make(chan error, 1)
	go func() { waiting <- client.Ping(t.Context()) }()
	thaw()
	require.NoError(t, <-waiting, "whoever waited is served")
	require.Less(t, awaitState(t, server, controlmode.StateConnected), 3*time.Second)
	_, err = client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err, "what was refused was not done")
	require.Equal(t, 1, server.Connects())
}

// The death of a client while tmux was stopped is noticed when tmux goes on. Another
// client that identified itself just then would crash it.
func TestClientKilledWhileTmuxIsStopped(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	said := make(chan string, 1024)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket, Logger: slog.New(slog.NewTextHandler(logLines(said), nil))})
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

// logLines is the writer of a log, line by line.
type logLines chan string

func (l logLines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// The client's process hands its terminal to the tmux server and has nothing more to
// do.
func TestStoppedClientGoesOn(t *testing.T) {
	t.Parallel()
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

// The next client would take somebody else's server on our socket for ours, and our
// sessions would be lost.
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
	t.Parallel()
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

// Input that was given up while tmux did not answer leaves no buffer behind, although
// tmux takes it when it goes on.
func TestGivenUpInputLeavesNoBuffer(t *testing.T) {
	t.Parallel()
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
	awaitState(t, server, controlmode.StateDegraded)
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

// logHook is a log that calls a function with each message.
type logHook func(message string)

func (l logHook) Enabled(context.Context, slog.Level) bool { return true }

func (l logHook) Handle(_ context.Context, r slog.Record) error {
	l(r.Message)
	return nil
}

func (l logHook) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l logHook) WithGroup(string) slog.Handler      { return l }

// A tmux server that is stopped at the start has the sessions, so Start waits for it.
func TestStartWaitsForAStoppedServer(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	first := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	_, pane := newPane(t, first, "s", "cat")
	id, err := first.Current(t.Context())
	require.NoError(t, err)
	require.NoError(t, first.Close())
	thaw := freeze(t, id.PID)
	second := controltest.Start(t, controlmode.ServerOptions{SocketName: socket, Logger: slog.New(logHook(func(message string) {
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

// A tmux server that was stopped reads input that was given up meanwhile only when it
// goes on. It must read that input, or nothing, and not another file with the same
// number.
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
	for range 20 { // a read from one of these would never end
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		defer w.Close()
	}
	thaw()
	_, err = client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err)
}

// Folders for temporary files may be cleaned while tmux is about to read long input
// from one.
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
