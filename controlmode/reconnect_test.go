package controlmode_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// busyPane changes windows as fast as it can, as its user may: with ordinary clients,
// which no gate of ours holds back.
const busyPane = `while :; do
	tmux new-window -d -n other cat
	tmux split-window -d cat
	tmux rename-window -t :other another
	tmux select-layout even-vertical
	tmux kill-window -t :another
	tmux kill-pane -a
	tmux new-window -d true
done`

// TestReconnectsUnderChange kills the control clients again and again, by turns.
// Meanwhile others create, rename, resize and kill sessions, windows come and go from
// inside panes, and a pane floods the hub. On versions up to 3.6, a notification at
// the wrong moment of an attach would kill the tmux server.
func TestReconnectsUnderChange(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	newPane(t, server, "busy", "sh", "-c", busyPane)
	_, flood := newPane(t, server, "flood", "yes")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var changing errgroup.Group
	for worker := range 4 {
		changing.Go(func() error {
			for i := 0; ctx.Err() == nil; i++ {
				if err := churn(ctx, client, fmt.Sprintf("w%d-%d-", worker, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	sub := server.Subscribe(1024)
	defer sub.Close()
	began := time.Now()
	command, hub := clientPID(t, socket), 0
	var listening *controlmode.Hub
	for i := range *reconnects {
		if listening == nil {
			listening = openFlooded(t, server, flood)
			hub = otherClient(t, socket, command)
		}
		if i%2 == 0 {
			require.NoError(t, syscall.Kill(command, syscall.SIGKILL))
			require.Equal(t, id, awaitConnected(t, sub), "the tmux server died at reconnect %d", i)
			command = otherClient(t, socket, hub)
			continue
		}
		require.NoError(t, syscall.Kill(hub, syscall.SIGKILL))
		<-listening.Done()
		require.NoError(t, listening.Close())
		listening = nil
	}
	cancel()
	require.NoError(t, changing.Wait())
	if listening != nil {
		require.NoError(t, listening.Close())
	}
	now, err := server.Current(t.Context())
	require.NoError(t, err)
	require.Equal(t, id, now, "the tmux server died")
	left := controltest.Tmux(t, socket, "list-sessions", "-F", "#{session_name}")
	require.LessOrEqual(t, strings.Count(left, "\n"), 3+4, "what was interrupted was swept: %s", left)
	took := time.Since(began)
	_, last := newPane(t, server, "last", "cat")
	require.Greater(t, int(last.Window), *reconnects, "every window that was made counts up")
	t.Logf("%d reconnects in %.0f s, %d windows made meanwhile, no death of the tmux server", *reconnects, took.Seconds(), last.Window)
}

// openFlooded opens a hub that a pane floods.
func openFlooded(t *testing.T, server *controlmode.Server, flood controlmode.PaneInfo) *controlmode.Hub {
	t.Helper()
	hub, err := server.OpenHub(t.Context(), func(controlmode.Notification) {})
	require.NoError(t, err)
	require.NoError(t, hub.Link(t.Context(), flood.Window))
	return hub
}

// otherClient waits until there is exactly one client besides one, and returns its
// process id. A client that was killed stays in tmux's list until tmux notices.
func otherClient(t *testing.T, socket string, one int) (other int) {
	t.Helper()
	require.Eventually(t, func() bool {
		pids := clientPIDs(t, socket)
		at := slices.IndexFunc(pids, func(pid int) bool { return pid != one })
		if len(pids) != 2 || at < 0 {
			return false
		}
		other = pids[at]
		return true
	}, 10*time.Second, time.Millisecond)
	return other
}

// churn makes, resizes, renames and kills a session, whatever happens to the
// connection.
func churn(ctx context.Context, client controlmode.Client, name string) error {
	pane, err := client.NewSession(ctx, controlmode.NewSessionOptions{Name: name, Width: 80, Height: 24, Command: []string{"cat"}})
	for _, step := range []func() error{
		func() error { return client.ResizeWindow(ctx, pane.Session, 100, 30) },
		func() error { return client.RenameSession(ctx, pane.Session, name+"-renamed") },
		func() error { return client.KillSession(ctx, pane.Session) },
	} {
		if err != nil {
			break
		}
		err = step()
	}
	for interrupted(err) && ctx.Err() == nil {
		err = sweep(ctx, client, name)
	}
	if interrupted(err) {
		return nil
	}
	return err
}

// interrupted reports whether the connection was cut, or the test is over.
func interrupted(err error) bool {
	return errors.Is(err, controlmode.ErrUnknownOutcome) || errors.Is(err, controlmode.ErrDown) || errors.Is(err, context.Canceled)
}

// sweep kills the remains of a session after an interruption.
func sweep(ctx context.Context, client controlmode.Client, name string) error {
	list, err := client.ListSessions(ctx, "@none")
	for _, s := range list {
		if !strings.HasPrefix(s.Name, name) {
			continue
		}
		if err := client.KillSession(ctx, s.ID); err != nil && !errors.Is(err, controlmode.ErrNotFound) {
			return err
		}
	}
	return err
}
