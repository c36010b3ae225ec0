package controlmode_test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	client, pane := newPane(t, server, "s", "cat")
	require.NoError(t, client.Ping(t.Context())) // all notifications so far have been delivered
	known := server.Changes(t.Context())
	for range 3 {
		_, err := client.ListAllPanes(t.Context())
		require.NoError(t, err)
		_, err = client.ListPanes(t.Context(), pane.Session)
		require.NoError(t, err)
	}
	require.Equal(t, known, server.Changes(t.Context()), "reading changes nothing")

	require.NoError(t, client.RenameSession(t.Context(), pane.Session, "renamed"))
	require.NotEqual(t, known, server.Changes(t.Context()), "our own commands")
	for _, command := range [][]string{
		{"new-session", "-d", "-s", "other", "cat"},
		{"new-window", "-d", "-t", "renamed:", "cat"},
		{"select-window", "-t", "renamed:1"},
		{"rename-window", "-t", "renamed:1", "name"},
		{"rename-session", "-t", "renamed:", "again"},
		{"kill-window", "-t", "again:1"},
		{"kill-session", "-t", "other"},
	} {
		require.NoError(t, client.Ping(t.Context()))
		known := server.Changes(t.Context())
		controltest.Tmux(t, socket, command...)
		require.Eventually(t, func() bool { return server.Changes(t.Context()) != known }, 5*time.Second, time.Millisecond, "%v", command)
	}

	known = server.Changes(t.Context())
	pid, err := strconv.Atoi(strings.TrimSpace(controltest.Tmux(t, socket, "list-clients", "-F", "#{client_pid}")))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.Eventually(t, func() bool { return server.Changes(t.Context()) != known }, 5*time.Second, time.Millisecond, "the connection")
}
