package registry_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// countedTmux counts how often it is asked which server it is, as before each list
// of all panes.
type countedTmux struct {
	*controlmode.Server
	asked atomic.Int64
}

func (c *countedTmux) Current(ctx context.Context) (controlmode.ServerID, error) {
	c.asked.Add(1)
	return c.Server.Current(ctx)
}

// Those who list over and over share what tmux listed, for as long as it holds.
func TestListsAreShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite))
	tmux := &countedTmux{Server: w.Tmux}
	w.Registry = registry.New(w.store, tmux, registry.Options{Server: w.Socket})
	w.reconcile()
	one := w.MustCreate(w.alice, session.CreateOptions{Name: "one"})

	before, lists := tmux.asked.Load(), int64(0)
	for tmux.asked.Load() < before+5 {
		require.Len(t, w.list(w.alice), 1)
		lists++
	}
	require.Greater(t, lists, int64(5))

	// What we change ourselves is in the next list.
	for range 10 {
		made := w.MustCreate(w.alice, session.CreateOptions{})
		require.Len(t, w.list(w.alice), 2)
		_, _, err := w.SplitPane(t.Context(), w.alice, made.ID, session.NewPane{})
		require.NoError(t, err)
		require.Len(t, w.list(w.alice)[1].Panes, 2)
		require.NoError(t, w.End(t.Context(), w.alice, made.ID))
		require.Len(t, w.list(w.alice), 1)
	}

	// What tmux tells nobody is seen all the same.
	controltest.Tmux(t, w.Socket, "split-window", "-t", "=session-1:", "cat")
	w.Eventually("the split", func() bool { return len(w.list(w.alice)[0].Panes) == 2 })
	// What a closer look has shown is in the next list.
	for range 10 {
		controltest.Tmux(t, w.Socket, "respawn-pane", "-k", "-t", "=session-1:", "cat")
		closer, err := w.Get(t.Context(), w.alice, one.ID)
		require.NoError(t, err)
		require.Equal(t, plain(closer).Panes, w.list(w.alice)[0].Panes)
	}
	controltest.Tmux(t, w.Socket, "kill-session", "-t", "=session-1:")
	w.Eventually("the end", func() bool { return w.list(w.alice)[0].Status == session.Exited })
	require.Equal(t, one.ID, w.list(w.alice)[0].ID)
}
