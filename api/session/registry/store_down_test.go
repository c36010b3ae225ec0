package registry_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// TestStoreFailsDuringCreate: whatever was done by then, nothing is left once
// the store is back, and nobody sees anything before.
func TestStoreFailsDuringCreate(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		o := session.CreateOptions{Name: "build", Command: []string{"cat"}}
		undeletable := step{"DeleteSession", false}
		for _, faults := range [][]step{
			{{"CreateSession", false}},
			{{"CreateSession", true}},
			{{"StartSession", false}},
			{{"StartSession", true}},
			{{"StartSession", false}, undeletable},
			{{"StartSession", true}, undeletable},
			{{"StartSession", true}, {"DeleteSession", true}},
		} {
			w.store.on(failing(faults...))
			_, err := w.Create(w.t.Context(), w.alice, o)
			require.ErrorIs(w.t, err, session.ErrUnavailable, faults)
			require.Empty(w.t, w.list(w.alice), faults)
			require.Empty(w.t, w.tmuxSessions(), faults)
			w.store.on(nil)
			w.reconcile()
			w.nothing()
		}
		s := w.MustCreate(w.alice, o)
		w.reconcile()
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
	})
}

func TestStoreFailsDuringEnd(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for _, done := range []bool{false, true} {
			s := w.MustCreate(w.alice, session.CreateOptions{})
			w.store.on(failing(step{"DeleteSession", done}))
			require.ErrorIs(w.t, w.End(w.t.Context(), w.alice, s.ID), session.ErrUnavailable)
			require.Equal(w.t, session.Exited, w.list(w.alice)[0].Status)
			w.store.on(nil)
			w.reconcile()
			require.Equal(w.t, done, len(w.list(w.alice)) == 0)
			if !done {
				require.Equal(w.t, "exited", w.row(s.ID).Status)
				require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
			}
			w.nothing()
		}
	})
}

// TestRunRepairsSoon: what failed is repaired when the store is back, though
// nothing happens in tmux then.
func TestRunRepairsSoon(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.Run()
		o := session.CreateOptions{Name: "build", Command: []string{"cat"}}
		w.store.on(failing(step{"CreateSession", true}))
		_, err := w.Create(w.t.Context(), w.alice, o)
		require.ErrorIs(w.t, err, session.ErrUnavailable)
		w.store.on(nil)
		w.Eventually("the name is free", func() bool { return len(w.rows()) == 0 })
		w.MustCreate(w.alice, o)
	})
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		s := w.MustCreate(w.alice, session.CreateOptions{})
		w.store.on(down)
		w.Run()
		w.TypeLine(w.alice, s.ID, "hello")
		w.AwaitText(w.alice, s.ID, "hello\nhello\n")
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
		_, err := w.Create(w.t.Context(), w.alice, session.CreateOptions{})
		require.ErrorIs(w.t, err, session.ErrUnavailable)
		require.ErrorIs(w.t, w.Reconcile(w.t.Context()), session.ErrUnavailable)
		w.store.on(nil)
		w.reconcile()
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
		w.agree()
	})
}

// TestPostgresHangs: it accepts connections and says nothing.
func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	w := newWorld(t, dbtest.OpenOptions(t, db.Options{URL: server.URL(), QueryTimeout: 500 * time.Millisecond}))
	s := w.MustCreate(w.alice, session.CreateOptions{})
	server.Signal(syscall.SIGSTOP)
	_, err := w.Create(t.Context(), w.alice, session.CreateOptions{})
	require.ErrorIs(t, err, session.ErrUnavailable)
	require.Error(t, w.Ready(t.Context()))
	w.TypeLine(w.alice, s.ID, "hello")
	w.AwaitText(w.alice, s.ID, "hello\nhello\n")
	server.Signal(syscall.SIGCONT)
	w.Eventually("it is back", func() bool { return w.Reconcile(t.Context()) == nil })
	require.Equal(t, []session.Session{s}, w.list(w.alice))
	w.MustCreate(w.alice, session.CreateOptions{})
	w.agree()
}
