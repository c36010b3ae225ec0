package registry_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// TestServerLost: an id of the old tmux server never reaches a session of the
// next, although both count from 0.
func TestServerLost(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.Run()
		named := session.CreateOptions{Name: "build"}
		old := w.MustCreate(w.alice, named)
		oldRow := w.row(old.ID)
		controltest.Tmux(w.t, w.Socket, "kill-server")
		secret := "secret"
		err := w.Send(w.t.Context(), w.alice, old.ID, session.Input{Line: &secret})
		// Cut off while it was sent, or told that the server is gone.
		require.True(w.t, errors.Is(err, session.ErrEnded) || errors.Is(err, session.ErrUnknownOutcome), err)
		w.AwaitStatus(w.alice, old.ID, session.Lost)
		w.Eventually("the row says so", func() bool { return w.row(old.ID).Status == "lost" })

		next := w.MustCreate(w.alice, named)
		require.Contains(w.t, []string{"$1", "$2"}, w.row(next.ID).TmuxID, "$ids restart, whoever connects first")
		require.NotEqual(w.t, oldRow.ServerIdentity, w.row(next.ID).ServerIdentity)
		require.NotEqual(w.t, old.ID, next.ID)
		w.requireEnded(old.ID)
		w.TypeLine(w.alice, next.ID, "hello")
		w.AwaitText(w.alice, next.ID, "hello\nhello\n")
		require.Equal(w.t, "hello\nhello\n", w.ScreenText(w.alice, next.ID))
		require.NoError(w.t, w.End(w.t.Context(), w.alice, old.ID))
		require.Len(w.t, w.list(w.alice), 1)
		w.agree()
	})
}

// TestServerLostIsSeenWithoutRun: the list knows as soon as tmux answers.
func TestServerLostIsSeenWithoutRun(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		old := w.MustCreate(w.alice, session.CreateOptions{})
		asked := w.MustCreate(w.alice, session.CreateOptions{})
		w.killServer()
		got, err := w.Get(w.t.Context(), w.alice, asked.ID)
		require.NoError(w.t, err)
		require.Equal(w.t, session.Lost, got.Status)
		require.Equal(w.t, session.Lost, w.list(w.alice)[0].Status)
		require.Empty(w.t, w.list(w.alice)[0].Panes)
		require.Equal(w.t, "running", w.row(old.ID).Status)
		next := w.MustCreate(w.bob, session.CreateOptions{})
		require.Equal(w.t, w.row(old.ID).TmuxID, w.row(next.ID).TmuxID)
		w.requireEnded(old.ID)
		w.reconcile()
		require.Equal(w.t, "lost", w.row(old.ID).Status)
		require.Equal(w.t, session.Running, w.list(w.bob)[0].Status)
		w.agree()
	})
}

// TestServerLostWhileNobodyServed: the next process finds another server.
func TestServerLostWhileNobodyServed(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		old := w.MustCreate(w.alice, session.CreateOptions{})
		w.killServer()
		w.restart()
		require.Equal(w.t, "lost", w.row(old.ID).Status)
		require.Equal(w.t, session.Lost, w.list(w.alice)[0].Status)
		w.requireEnded(old.ID)
	})
}

// killServer kills the tmux server and returns when there is another.
func (w *world) killServer() {
	w.t.Helper()
	sub := w.Tmux.Subscribe(64)
	defer sub.Close()
	controltest.Tmux(w.t, w.Socket, "kill-server")
	for {
		select {
		case n := <-sub.C:
			if _, ok := n.(controlmode.Connected); ok {
				return
			}
		case <-w.t.Context().Done():
			w.t.Fatal("no other tmux server")
		}
	}
}

// killClient kills the control client's process.
func (w *world) killClient() {
	w.t.Helper()
	var pids []string
	// Both are there: one that dies while another identifies itself can crash
	// tmux, and nobody but whoever kills it could prevent that (PR 4980).
	w.Eventually("both clients are attached", func() bool {
		pids = strings.Fields(controltest.Tmux(w.t, w.Socket, "list-clients", "-F", "#{client_pid}"))
		return len(pids) == 2
	})
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		require.NoError(w.t, err)
		require.NoError(w.t, syscall.Kill(pid, syscall.SIGKILL))
	}
}

// A killed control client is replaced, and callers see it as unavailable at most.
func TestControlClientKilled(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) { killControlClients(w, time.Minute) })
}

// It is replaced within a second.
func TestTimedControlClientKilled(t *testing.T) {
	killControlClients(newWorld(t, dbtest.Open(t, db.SQLite)), time.Second)
}

// killControlClients kills the control clients five times. Each time a screen is
// there again within back.
func killControlClients(w *world, back time.Duration) {
	w.t.Helper()
	w.Run()
	s := w.MustCreate(w.alice, session.CreateOptions{})
	w.TypeLine(w.alice, s.ID, "hello")
	w.AwaitText(w.alice, s.ID, "hello\nhello\n")
	id, err := w.Tmux.Current(w.t.Context())
	require.NoError(w.t, err)

	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				w.captureOrUnavailable(s.ID)
			}
		})
	}
	for round := range 5 {
		w.killClient()
		killed := time.Now()
		w.Eventually("it is back", func() bool { return w.Tmux.Connects() == round+2 })
		_, err := w.Screen(w.t.Context(), w.alice, s.ID, session.CaptureOptions{})
		require.NoError(w.t, err)
		require.Less(w.t, time.Since(killed), back)
	}
	close(stop)
	callers.Wait()
	now, err := w.Tmux.Current(w.t.Context())
	require.NoError(w.t, err)
	require.Equal(w.t, id, now, "the tmux server lives on")
	require.Equal(w.t, []session.Session{s}, w.list(w.alice))
	w.agree()
}

func (w *world) captureOrUnavailable(id int64) {
	screen, err := w.Screen(w.t.Context(), w.alice, id, session.CaptureOptions{Trim: true})
	switch {
	case err != nil && !errors.Is(err, session.ErrUnavailable):
		w.t.Errorf("capture: %v", err)
	case err == nil && string(screen.Text) != "hello\nhello\n":
		w.t.Errorf("captured %q", screen.Text)
	}
}
