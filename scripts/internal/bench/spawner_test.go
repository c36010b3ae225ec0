package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The spawner must do the same as the service, on real tmux, or the comparison is
// worth nothing.
func TestSpawner(t *testing.T) {
	dir, err := os.MkdirTemp("", "ipx") // short, because the path of a socket has 104 bytes at most
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	t.Setenv("TMUX_TMPDIR", dir)
	socket := fmt.Sprintf("ipx-benchtest-%d", os.Getpid())
	spawner := &spawner{tmux: "tmux", socket: socket}
	t.Cleanup(func() { require.NoError(t, endTmux("tmux", socket, nil)) })
	target := served(t, spawner.handler(), "")
	target.sessions = nil
	require.NoError(t, target.createSessions(t.Context(), 2), "two screens, each its own")
	require.NotEqual(t, target.sessions[0].screen, target.sessions[1].screen)

	c, err := dial(t.Context(), target.addr)
	require.NoError(t, err)
	defer c.close()
	for _, op := range operations {
		for _, s := range target.sessions {
			require.NoErrorf(t, op.step(target, s)(c), "%s of %s", op.name, s.id)
		}
	}
	swapped := session{id: target.sessions[0].id, screen: target.sessions[1].screen}
	require.ErrorIs(t, captureStep(target, swapped)(c), errWrongBody)

	// Keys arrive: a session with an echo shows the key.
	id, err := target.create(c, []string{"cat"})
	require.NoError(t, err)
	echo := session{id: id, screen: append([]byte("x"), bytes.Repeat([]byte("\n"), screenHeight)...)}
	require.NoError(t, sendStep(target, echo)(c))
	require.NoError(t, target.awaitScreen(t.Context(), c, echo))

	require.NoError(t, target.clear(t.Context()))
	_, err = c.do(target.request("DELETE", "/api/sessions/"+id+"/", ""), 204)
	require.NoError(t, err)
	_, err = c.do(target.request("DELETE", "/api/sessions/"+id+"/", ""), 204)
	require.ErrorIs(t, err, errResponse, "it is gone")
}
