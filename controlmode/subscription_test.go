package controlmode_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// renamed renames a session n times, and waits until all notifications of that have
// been delivered.
func renamed(t *testing.T, c controlmode.Client, s controlmode.SessionID, names ...string) {
	t.Helper()
	for _, name := range names {
		require.NoError(t, c.RenameSession(t.Context(), s, name))
	}
	require.NoError(t, c.Ping(t.Context()))
}

// names are the session names that a loop over a subscription receives, up to the
// last name; "" stands for a Missed.
func names(ctx context.Context, sub *controlmode.Subscription, last string) (heard []string) {
	for n := range sub.All(ctx) {
		switch n := n.(type) {
		case controlmode.SessionRenamed:
			heard = append(heard, n.Name)
		case controlmode.Missed:
			heard = append(heard, "")
		}
		if len(heard) > 0 && heard[len(heard)-1] == last {
			break
		}
	}
	return heard
}

func TestAllYieldsEveryNotification(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	sub := server.Subscribe(64)
	defer sub.Close()
	renamed(t, client, pane.Session, "a", "b", "c")
	require.Equal(t, []string{"a", "b"}, names(t.Context(), sub, "b"))
	require.Equal(t, []string{"c"}, names(t.Context(), sub, "c"), "a loop that was left goes on where it was")
}

// A Missed stands where a notification was lost, and comes at once, not only with the
// next notification.
func TestMissedStandsForLostNotifications(t *testing.T) {
	t.Parallel()
	server := controlmode.NewServer(controlmode.ServerOptions{})
	sub := server.Subscribe(2)
	defer sub.Close()
	told := func(names ...string) {
		for _, name := range names {
			server.Broadcast(controlmode.SessionRenamed{Name: name})
		}
	}
	told("a", "b", "lost", "lost too")
	require.Equal(t, []string{"a", "b", ""}, names(t.Context(), sub, ""))
	told("c", "d", "lost again")
	require.Equal(t, []string{"c"}, names(t.Context(), sub, "c"))
	told("lost as well")
	require.Equal(t, []string{"d", ""}, names(t.Context(), sub, ""))
	told("e", "f")
	require.Equal(t, []string{"e", "f"}, names(t.Context(), sub, "f"))
}

// All ends in every way that it may, also while it waits. goleak would find a
// goroutine that stays behind.
func TestAllEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*controlmode.Server, *controlmode.Subscription, context.CancelFunc){
		"context": func(_ *controlmode.Server, _ *controlmode.Subscription, cancel context.CancelFunc) { cancel() },
		"Close": func(_ *controlmode.Server, sub *controlmode.Subscription, _ context.CancelFunc) {
			sub.Close()
			sub.Close()
		},
		"Server.Close": func(server *controlmode.Server, _ *controlmode.Subscription, _ context.CancelFunc) {
			server.Close()
			server.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := controltest.Start(t, controlmode.ServerOptions{})
			client, pane := newPane(t, server, "s", "cat")
			sub := server.Subscribe(64)
			defer sub.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			looping, ended := make(chan struct{}), make(chan []string)
			go func() {
				var heard []string
				for n := range sub.All(ctx) {
					if n, ok := n.(controlmode.SessionRenamed); ok {
						heard = append(heard, n.Name)
						close(looping)
					}
				}
				ended <- heard
			}()
			renamed(t, client, pane.Session, "a")
			<-looping
			end(server, sub, cancel)
			require.Equal(t, []string{"a"}, <-ended)
			require.Empty(t, names(ctx, sub, ""), "it does not begin again")
		})
	}
}

// Notifications that are still queued at the end are not yielded.
func TestAllEndsBeforeQueuedNotifications(t *testing.T) {
	t.Parallel()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	sub := server.Subscribe(64)
	defer sub.Close()
	renamed(t, client, pane.Session, "a", "b", "c")
	var heard []controlmode.Notification
	for n := range sub.All(t.Context()) {
		heard = append(heard, n)
		sub.Close()
	}
	require.Len(t, heard, 1)
}

func TestCloseBeforeStart(t *testing.T) {
	t.Parallel()
	server := controlmode.NewServer(controlmode.ServerOptions{SocketName: controltest.SocketName(t)})
	sub := server.Subscribe(1)
	require.NoError(t, server.Close())
	require.Empty(t, names(t.Context(), sub, ""))
	sub.Close()
}
