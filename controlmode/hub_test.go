package controlmode_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// hubRecorder is a Hub with everything that it has received.
type hubRecorder struct {
	*controlmode.Hub
	mu    sync.Mutex
	bytes map[controlmode.PaneID][]byte
	other []controlmode.Notification
	more  chan struct{}
}

func openHub(t *testing.T, server *controlmode.Server) *hubRecorder {
	t.Helper()
	h := &hubRecorder{bytes: map[controlmode.PaneID][]byte{}, more: make(chan struct{}, 1)}
	hub, err := server.OpenHub(t.Context(), h.record)
	require.NoError(t, err)
	h.Hub = hub
	t.Cleanup(func() { hub.Close() })
	return h
}

func (h *hubRecorder) record(n controlmode.Notification) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if out, ok := n.(controlmode.Output); ok {
		h.bytes[out.Pane] = append(h.bytes[out.Pane], out.Data...)
	} else {
		h.other = append(h.other, n)
	}
	select {
	case h.more <- struct{}{}:
	default:
	}
}

func (h *hubRecorder) output(p controlmode.PaneID) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.bytes[p])
}

// until waits until the received notifications satisfy a condition.
func (h *hubRecorder) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for !condition() {
		select {
		case <-h.more:
		case <-timeout:
			t.Fatalf("not received in time: %s", what)
		}
	}
}

func newPane(t *testing.T, server *controlmode.Server, name string, command ...string) (controlmode.Client, controlmode.PaneInfo) {
	t.Helper()
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{Name: name, Width: 80, Height: 24, Command: command})
	require.NoError(t, err)
	return client, pane
}

func typeText(t *testing.T, c controlmode.Client, p controlmode.PaneInfo, text string) {
	t.Helper()
	require.NoError(t, c.SendKeys(t.Context(), controlmode.ActivePane(p.Session), new(controlmode.Input).Bytes(text)))
}

func TestHubReceivesOutputOfLinkedWindows(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	hub := openHub(t, server)
	require.NoError(t, hub.Link(t.Context(), pane.Window))
	require.NoError(t, hub.Link(t.Context(), pane.Window), "twice is no error")
	typeText(t, client, pane, "hello\r")
	hub.until(t, "hello", func() bool { return strings.Count(hub.output(pane.Pane), "hello") == 2 })

	require.NoError(t, hub.Unlink(t.Context(), pane.Window))
	require.NoError(t, hub.Unlink(t.Context(), pane.Window), "twice is no error")
	panes, err := client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err)
	require.Len(t, panes, 1, "the window stays where it was")
	require.ErrorIs(t, hub.Link(t.Context(), 4711), controlmode.ErrNotFound)
}

func TestHubPrunesWindowsOfEndedSessions(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	_, other := newPane(t, server, "other", "cat")
	hub := openHub(t, server)
	require.NoError(t, hub.Link(t.Context(), pane.Window))
	require.NoError(t, hub.Link(t.Context(), other.Window))
	require.NoError(t, client.KillSession(t.Context(), pane.Session))
	hub.until(t, "the window's close", func() bool {
		hub.mu.Lock()
		defer hub.mu.Unlock()
		for _, n := range hub.other {
			if c, ok := n.(controlmode.WindowClose); ok && c.Window == pane.Window {
				return true
			}
		}
		return false
	})
	needed := true
	reap := func() int {
		reaped, err := hub.PruneWindows(t.Context(), func(w controlmode.WindowID) bool {
			require.Equal(t, other.Window, w)
			return needed
		})
		require.NoError(t, err)
		return reaped
	}
	require.Equal(t, 1, reap())
	require.Zero(t, reap(), "a window that is linked elsewhere is left alone")
	needed = false
	require.Equal(t, 1, reap(), "unless it is not needed")
	require.Zero(t, reap())
	_, err := client.ListPanes(t.Context(), other.Session)
	require.NoError(t, err)
	typeText(t, client, other, "unheard\r")
	require.NoError(t, hub.Link(t.Context(), other.Window))
	typeText(t, client, other, "heard\r")
	hub.until(t, "heard", func() bool { return strings.Contains(hub.output(other.Pane), "heard") })
}

func TestHubPauses(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	hub := openHub(t, server)
	require.NoError(t, hub.Link(t.Context(), pane.Window))
	require.NoError(t, hub.Pause(t.Context(), pane.Pane))
	typeText(t, client, pane, "unheard\r")
	require.Eventually(t, func() bool {
		screen, err := client.CapturePane(t.Context(), controlmode.ActivePane(pane.Session))
		return err == nil && strings.Count(string(screen), "unheard") == 2
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, hub.Resume(t.Context(), nil, pane.Pane))
	typeText(t, client, pane, "heard\r")
	hub.until(t, "heard", func() bool { return strings.Count(hub.output(pane.Pane), "heard") == 2 })
	require.NotContains(t, hub.output(pane.Pane), "unheard")
}

// tmux acts on the flag (see TestHubPauses).
func TestHubSetPauseAfter(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	hub := openHub(t, server)
	flags := func() string { return controltest.Tmux(t, socket, "list-clients", "-F", "#{client_flags}") }
	require.Regexp(t, `pause-after=1\b`, flags())
	for seconds, want := range map[int]string{5: `pause-after=5\b`, 1: `pause-after=1\b`, 0: `pause-after=1\b`} {
		require.NoError(t, hub.SetPauseAfter(t.Context(), seconds))
		require.Regexp(t, want, flags())
	}
}

// tmux buffers nothing for a Hub of panes that are in no linked window any more.
func TestHubPausesUnlinked(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	_, other := newPane(t, server, "other", "cat")
	for name, leave := range map[string]func(*testing.T, *hubRecorder, controlmode.PaneInfo) controlmode.WindowID{
		"unlinked": func(t *testing.T, hub *hubRecorder, pane controlmode.PaneInfo) controlmode.WindowID {
			require.NoError(t, hub.Unlink(t.Context(), pane.Window))
			return pane.Window
		},
		"moved": func(t *testing.T, _ *hubRecorder, pane controlmode.PaneInfo) controlmode.WindowID {
			controltest.Tmux(t, socket, "join-pane", "-d", "-s", pane.Pane.String(), "-t", other.Pane.String())
			return other.Window
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, pane := newPane(t, server, name, "sh", "-c", "read x; read x; head -c 50000000 /dev/zero | tr '\\0' x; tmux wait-for -S printed; exec cat")
			hub := openHub(t, server)
			say := func(text string) { controltest.Tmux(t, socket, "send-keys", "-t", pane.Pane.String(), text, "Enter") }
			require.NoError(t, hub.Link(t.Context(), pane.Window))
			say("before")
			hub.until(t, "what is typed", func() bool { return strings.Contains(hub.output(pane.Pane), "before") })
			require.NoError(t, hub.PauseUnlinked(t.Context(), func(controlmode.PaneID) bool { return true }))
			window := leave(t, hub, pane)
			require.NoError(t, hub.PauseUnlinked(t.Context(), func(controlmode.PaneID) bool { return false }))
			kb := residentKB(t, hub.Server().PID)
			say("meanwhile")
			controltest.Tmux(t, socket, "wait-for", "printed")
			require.Less(t, residentKB(t, hub.Server().PID)-kb, 20<<10)

			require.NoError(t, hub.Link(t.Context(), window))
			require.NoError(t, hub.Resume(t.Context(), nil, pane.Pane))
			say("after")
			hub.until(t, "what is typed", func() bool { return strings.Contains(hub.output(pane.Pane), "after") })
			require.NotContains(t, hub.output(pane.Pane), "meanwhile")
			require.NotContains(t, hub.output(pane.Pane), "xxx")
		})
	}
}

// The screen of a repaint and the output after its pause are the whole.
func TestRepaintThatPauses(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	_, pane := newPane(t, server, "s", "sh", "-c",
		`printf '\033[1;31mred\033[0m\n\033[?1h\033[?25l'; i=0; while :; do i=$((i+1)); printf '%d\n' $i; done`)
	hub := openHub(t, server)
	require.NoError(t, hub.Link(t.Context(), pane.Window))
	hub.until(t, "numbers", func() bool { return len(hub.output(pane.Pane)) > 10_000 })
	for range 20 {
		var cut int
		paint, err := hub.Repaint(t.Context(), controlmode.PaneOf(pane.Session, pane.Pane), pane.Pane, true, func() { cut = len(hub.output(pane.Pane)) })
		require.NoError(t, err)
		require.True(t, paint.CursorHidden)
		require.True(t, paint.KeypadCursor)
		require.Equal(t, 80, paint.Width)
		require.Equal(t, 24, strings.Count(string(paint.Styled), "\n"))
		hub.until(t, "more", func() bool { return len(hub.output(pane.Pane)) > cut+20 })
		lines := strings.Split(string(paint.Styled), "\n")
		whole := strings.Join(lines[:paint.CursorY], "\n") + "\n" + strings.TrimRight(lines[paint.CursorY], " ") + hub.output(pane.Pane)[cut:]
		requireCounting(t, whole)
	}
}

// requireCounting: each line except the first and the last is one more than the line
// before.
func requireCounting(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ") // capture-pane -N keeps them from tmux 3.4 on
	}
	for i := 2; i < len(lines)-1; i++ {
		require.Equal(t, atoi(t, lines[i-1])+1, atoi(t, lines[i]), "%q", text)
	}
}

// A Hub whose client has ended is lost, whatever tmux, which is stopped, knows. It
// bounds a time: the test must look within the second in which the connection goes
// on.
func TestTimedHubIsLostAtOnce(t *testing.T) {
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	other := clientPID(t, socket)
	h := openHub(t, server)
	clients := slices.DeleteFunc(clientPIDs(t, socket), func(pid int) bool { return pid == other })
	require.Len(t, clients, 1)
	freeze(t, h.Server().PID)
	require.NoError(t, syscall.Kill(clients[0], syscall.SIGKILL))
	<-h.Lost()
	require.NoError(t, h.Err(), "the connection goes on until tmux knows, for a second")
	<-h.Done()
	require.Error(t, h.Err())
}

// A notification that has been read counts once it has been delivered, not before.
func TestHubCatchesUp(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	entered, release := make(chan struct{}), make(chan struct{})
	handedOn := false
	hub, err := server.OpenHub(t.Context(), func(n controlmode.Notification) {
		if _, ok := n.(controlmode.Output); ok && !handedOn {
			close(entered)
			<-release
			handedOn = true
		}
	})
	require.NoError(t, err)
	defer hub.Close()
	require.NoError(t, hub.Link(t.Context(), pane.Window))
	typeText(t, client, pane, "x")
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	hub.CatchUp(ctx)
	require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded, "it waits")
	close(release)
	hub.CatchUp(t.Context())
	require.True(t, handedOn) // and the race detector sees that one happens before the other
}

func TestOpenHubOnADeadServer(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	hub := openHub(t, server)
	controltest.Tmux(t, socket, "kill-server")
	<-hub.Done()
	require.Error(t, hub.Err())
	require.ErrorIs(t, hub.Link(context.Background(), 0), controlmode.ErrNotSent)
	require.Eventually(t, func() bool {
		again, err := server.OpenHub(t.Context(), nil)
		return err == nil && again.Close() == nil
	}, 10*time.Second, 5*time.Millisecond, "the next server has a hub, too")
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}
