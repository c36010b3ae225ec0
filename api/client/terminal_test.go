package client_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/client"
)

// attached collects the output of a Terminal.
type attached struct {
	*testing.T
	*client.Terminal
	output string // since the last redraw of the screen
}

// until reads events until one satisfies holds.
func (a *attached) until(holds func(client.Event) bool) {
	a.Helper()
	ctx, cancel := context.WithTimeout(a.Context(), waitTimeout)
	defer cancel()
	for {
		e, err := a.Next(ctx)
		require.NoError(a, err)
		switch e := e.(type) {
		case client.Output:
			a.output += string(e)
		case client.Resync:
			a.output = ""
		}
		if holds(e) {
			return
		}
	}
}

// shows reads events until the output has the text.
func (a *attached) shows(text string) {
	a.Helper()
	a.until(func(client.Event) bool { return strings.Contains(a.output, text) })
}

func TestAttach(t *testing.T) {
	t.Parallel()
	alice, bob := serve(t)
	one := cat(t, alice, nil)
	_, err := bob.Attach(t.Context(), one.ID, client.AttachOptions{})
	requireProblem(t, err, "not-found")
	_, err = alice.Attach(t.Context(), one.ID, client.AttachOptions{Pane: "x"})
	requireProblem(t, err, "invalid")

	terminal, err := alice.Attach(t.Context(), one.ID, client.AttachOptions{Pane: one.Panes[0].ID})
	require.NoError(t, err)
	a := &attached{T: t, Terminal: terminal}
	a.until(func(e client.Event) bool { return e == client.Ready{Pane: one.Panes[0].ID, Width: 80, Height: 24} })
	a.until(func(e client.Event) bool { _, isOutput := e.(client.Output); return isOutput })
	require.NoError(t, a.Type(t.Context(), []byte("héllo\r")))
	a.until(func(client.Event) bool { return strings.Count(a.output, "héllo") >= 2 }) // the echo and cat's output, or a redraw of both
	require.NoError(t, a.Resize(t.Context(), 50, 10))
	a.until(func(e client.Event) bool { return e == client.Resized{Pane: one.Panes[0].ID, Width: 50, Height: 10} })
	require.NoError(t, a.Resize(t.Context(), 0, 10))
	a.until(func(e client.Event) bool {
		refused, ok := e.(client.Refused)
		return ok && strings.Contains(refused.Detail, "width")
	})

	view, err := alice.Attach(t.Context(), one.ID, client.AttachOptions{View: true})
	require.NoError(t, err)
	v := &attached{T: t, Terminal: view}
	v.shows("héllo")
	require.NoError(t, v.Type(t.Context(), []byte("x")))
	v.until(func(e client.Event) bool { _, ok := e.(client.Refused); return ok })
	require.NoError(t, v.Close())

	require.NoError(t, a.Type(t.Context(), []byte{4}))
	a.until(func(e client.Event) bool { return e == client.Exit{Status: "exited"} })
	_, err = a.Next(t.Context())
	require.Error(t, err)
	require.Eventually(t, func() bool {
		got, err := alice.Get(t.Context(), one.ID)
		return err == nil && got.Status == client.SessionStatusExited
	}, waitTimeout, 10*time.Millisecond)
}
