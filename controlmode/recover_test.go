package controlmode_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// clientPID is the process id of a server's control client.
func clientPID(t testing.TB, socket string) int {
	t.Helper()
	pids := clientPIDs(t, socket)
	require.Len(t, pids, 1)
	return pids[0]
}

// clientPIDs are the process ids of all control clients.
func clientPIDs(t testing.TB, socket string) (pids []int) {
	t.Helper()
	for _, text := range strings.Fields(controltest.Tmux(t, socket, "list-clients", "-F", "#{client_pid}")) {
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}

// awaitConnected waits until a Server has connected again.
func awaitConnected(t testing.TB, sub *controlmode.Subscription) controlmode.ServerID {
	t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		select {
		case n := <-sub.C:
			if c, ok := n.(controlmode.Connected); ok {
				return c.Server
			}
		case <-limit.C:
			t.Fatal("no new connection")
		}
	}
}

func TestTimedKilledClientIsReplaced(t *testing.T) {
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{Name: "one", Width: 9, Height: 2, Command: []string{"cat"}})
	require.NoError(t, err)

	sub := server.Subscribe(64)
	defer sub.Close()
	killed := time.Now()
	require.NoError(t, syscall.Kill(clientPID(t, socket), syscall.SIGKILL))
	require.Equal(t, id, awaitConnected(t, sub))
	require.Less(t, time.Since(killed), time.Second)
	panes, err := client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err)
	require.Equal(t, pane.PID, panes[0].PID)
	list, err := client.ListSessions(t.Context(), "@x")
	require.NoError(t, err)
	require.Len(t, list, 2, "the old anchor session is gone")
}

func TestKilledTmuxServerIsReplaced(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	old, err := server.Current(t.Context())
	require.NoError(t, err)
	pane, err := server.On(old).NewSession(t.Context(), controlmode.NewSessionOptions{Name: "one", Width: 9, Height: 2, Command: []string{"cat"}})
	require.NoError(t, err)
	sub := server.Subscribe(64)
	defer sub.Close()
	require.NoError(t, syscall.Kill(old.PID, syscall.SIGKILL))
	fresh := awaitConnected(t, sub)
	require.NotEqual(t, old, fresh)

	again, err := server.On(fresh).NewSession(t.Context(), controlmode.NewSessionOptions{Name: "two", Width: 9, Height: 2, Command: []string{"cat"}})
	require.NoError(t, err)
	require.Equal(t, pane.Session, again.Session, "ids start again")
	_, err = server.On(old).CapturePane(t.Context(), controlmode.ActivePane(pane.Session))
	require.ErrorIs(t, err, controlmode.ErrServerGone)
	require.ErrorIs(t, server.On(old).KillSession(t.Context(), pane.Session), controlmode.ErrServerGone)
}

// A tmux server that has got SIGTERM and then makes another session never ends, and
// hangs up on everybody. A hook makes the session here; a command of a Client that was
// on its way does so as well.
func TestServerThatDoesNotEndIsReplaced(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	old, err := server.Current(t.Context())
	require.NoError(t, err)
	_, err = server.On(old).NewSession(t.Context(), controlmode.NewSessionOptions{Name: "one", Width: 9, Height: 2, Command: []string{"cat"}})
	require.NoError(t, err)
	controltest.Tmux(t, socket, "set-hook", "-g", "session-closed", "new-session -d cat")
	sub := server.Subscribe(64)
	defer sub.Close()
	require.NoError(t, syscall.Kill(old.PID, syscall.SIGTERM))
	require.NotEqual(t, old, awaitConnected(t, sub))
}

// A tmux server that does not answer costs its callers their deadline and nothing
// else. With 30 callers and places for 20, a caller is either canceled or refused
// (ConnOptions.MaxInFlight).
func TestStoppedTmux(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{
		SocketName: socket, Conn: controlmode.ConnOptions{MaxInFlight: 20},
	})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	var panes []controlmode.PaneInfo
	for i := range 10 {
		pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{Name: fmt.Sprint("s", i), Width: 9, Height: 2, Command: []string{"cat"}})
		require.NoError(t, err)
		panes = append(panes, pane)
	}
	require.NoError(t, syscall.Kill(id.PID, syscall.SIGSTOP))
	t.Cleanup(func() { syscall.Kill(id.PID, syscall.SIGCONT) })
	ctx, cancel := context.WithCancel(t.Context())
	var waiting errgroup.Group
	for i := range 30 {
		waiting.Go(func() error {
			err := client.SendKeys(ctx, controlmode.ActivePane(panes[i%10].Session), new(controlmode.Input).Bytes("x"))
			if !errors.Is(err, context.Canceled) && !errors.Is(err, controlmode.ErrOverloaded) {
				return fmt.Errorf("sent to a stopped tmux: %w", err)
			}
			return nil
		})
	}
	require.Eventually(t, func() bool {
		return errors.Is(client.Ping(canceledAfter(t, time.Millisecond)), controlmode.ErrOverloaded)
	}, 5*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, waiting.Wait())

	// The abandoned commands keep their places: the next command gets its own answer,
	// not one of theirs.
	require.NoError(t, syscall.Kill(id.PID, syscall.SIGCONT))
	require.Eventually(t, func() bool { return client.Ping(t.Context()) == nil }, 5*time.Second, time.Millisecond)
	for _, pane := range panes {
		got, err := client.ListPanes(t.Context(), pane.Session)
		require.NoError(t, err)
		require.Equal(t, pane.Pane, got[0].Pane)
	}
}

func canceledAfter(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestTimedCloseReturnsWhileTmuxIsStopped(t *testing.T) {
	socket := controltest.SocketName(t)
	conn, id, err := controlmode.Dial(t.Context(), controlmode.DialOptions{SocketName: socket, Env: testEnv(), Dir: "/"})
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(id.PID, syscall.SIGSTOP))
	t.Cleanup(func() { syscall.Kill(id.PID, syscall.SIGCONT) })
	failed := make(chan error, 1)
	go func() {
		// More than the pty holds, so that the writer is stuck too.
		_, err := conn.For("another").Print(t.Context(), "display-message "+strings.Repeat("x", 1<<20))
		failed <- err
	}()
	require.Eventually(t, func() bool { return conn.Ping(canceledAfter(t, time.Millisecond)) != nil }, 5*time.Second, time.Millisecond)
	started := time.Now()
	require.NoError(t, conn.Close())
	require.Less(t, time.Since(started), 5*time.Second)
	require.ErrorIs(t, <-failed, controlmode.ErrUnknownOutcome)
	require.ErrorIs(t, conn.Ping(t.Context()), controlmode.ErrNotSent)
	require.Error(t, conn.Err())
}

func TestServerRefusals(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	require.ErrorIs(t, controlmode.NewServer(controlmode.ServerOptions{SocketName: socket}).Start(t.Context()), controlmode.ErrLocked)

	other := controltest.SocketName(t)
	missing := controlmode.NewServer(controlmode.ServerOptions{SocketName: other, Binary: "/nonexistent/tmux"})
	require.ErrorIs(t, missing.Start(t.Context()), controlmode.ErrTmuxNotFound)

	old := t.TempDir() + "/tmux"
	require.NoError(t, os.WriteFile(old, []byte("#!/bin/sh\necho tmux 3.1c\n"), 0o700))
	var version *controlmode.VersionError
	require.ErrorAs(t, controlmode.NewServer(controlmode.ServerOptions{SocketName: other, Binary: old}).Start(t.Context()), &version)
	require.Equal(t, "3.1c", version.Found)

	broken := t.TempDir() + "/tmux.conf"
	require.NoError(t, os.WriteFile(broken, []byte("set -g nonsense 1\n"), 0o600))
	require.NoError(t, controltest.Start(t, controlmode.ServerOptions{ConfigFile: broken}).Close(), "tmux goes on after a mistake in its configuration")
}

// A tmux server that dies during the first dial is started again.
func TestStartDialsAgain(t *testing.T) {
	t.Parallel()
	binary, died := t.TempDir()+"/tmux", t.TempDir()+"/died"
	script := "#!/bin/sh\n" +
		`case "$*" in *" -C "*) [ -e ` + died + ` ] || { : >` + died + `; echo died >&2; exit 1; } ;; esac` + "\n" +
		`exec tmux "$@"` + "\n"
	require.NoError(t, os.WriteFile(binary, []byte(script), 0o700))
	server := controltest.Start(t, controlmode.ServerOptions{Binary: binary})
	require.FileExists(t, died)
	_, err := server.Current(t.Context())
	require.NoError(t, err)
}

// A tmux server that ends still answers commands that reached it with the signal, and
// mostly has no session any more by then. Its sessions did not end that way, so the
// list must not come back empty. The command may reach tmux before or after the
// signal (tmux orders neither), and the Server may notice the end first
// (ErrServerGone).
func TestEndingServerListsNothing(t *testing.T) {
	t.Parallel()
	for range 5 {
		sent := make(chan string, 100)
		server := controltest.Start(t, controlmode.ServerOptions{Conn: controlmode.ConnOptions{Trace: func(out bool, data []byte) {
			if out {
				sent <- string(data)
			}
		}}})
		id, err := server.Current(t.Context())
		require.NoError(t, err)
		client, _ := newPane(t, server, "s", "cat")
		thaw := freeze(t, id.PID)
		failed := make(chan error, 1)
		go func() {
			list, err := client.ListSessions(t.Context(), "@x")
			if err == nil && len(list) == 2 { // it came before the signal
				err = controlmode.ErrDown
			}
			failed <- err
		}()
		for !strings.Contains(<-sent, "list-sessions") {
		}
		require.NoError(t, syscall.Kill(id.PID, syscall.SIGTERM))
		thaw()
		err = <-failed
		require.True(t, errors.Is(err, controlmode.ErrDown) || errors.Is(err, controlmode.ErrServerGone), err)
	}
}

// A tmux server that is ending accepts no more clients, and goes only when its last
// client is gone. Start waits for that, and starts another.
func TestStartWaitsForAnEndingServer(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	n := startNaive(t, socket, "new-session", "-x", "80", "-y", "24", "cat").attached()
	before := serverPID(socket)
	thaw := freeze(t, n.cmd.Process.Pid)
	controltest.Tmux(t, socket, "kill-server")
	dials := 0
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket, Logger: slog.New(logHook(func(message string) {
		if message == "tmux dial failed" {
			dials++
		}
		if dials == 6 {
			thaw()
		}
	}))})
	require.GreaterOrEqual(t, dials, 6)
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, id.PID)
}
