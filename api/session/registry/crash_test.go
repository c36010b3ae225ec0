package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode/controltest"
	"interplexer/db"
)

// crashAt makes call end at a step as if the process had been killed there,
// and starts the next process.
func (w *world) crashAt(at step, call func()) {
	w.t.Helper()
	crash := new(int) // nobody else panics with it
	w.store.on(func(now step) error {
		if now == at {
			panic(crash)
		}
		return nil
	})
	func() {
		defer func() { require.Same(w.t, crash, recover()) }()
		call()
	}()
	w.restart()
}

func TestCrashInCreate(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		o := session.CreateOptions{Name: "build", Command: []string{"cat"}}
		create := func() { _, _ = w.Create(w.t.Context(), w.alice, o) }
		for _, at := range []step{{"CreateSession", false}, {"CreateSession", true}} {
			w.crashAt(at, create)
			w.nothing()
			require.Empty(w.t, w.list(w.alice))
		}
		// From here on tmux has the session, and so it is kept.
		for _, at := range []step{{"StartSession", false}, {"StartSession", true}} {
			w.crashAt(at, create)
			w.agree()
			list := w.list(w.alice)
			require.Len(w.t, list, 1)
			require.Equal(w.t, session.Running, list[0].Status)
			require.Equal(w.t, "build", list[0].Name)
			require.Len(w.t, list[0].Panes, 1)
			w.TypeLine(w.alice, list[0].ID, "hello")
			w.AwaitText(w.alice, list[0].ID, "hello\nhello\n")
			require.NoError(w.t, w.End(w.t.Context(), w.alice, list[0].ID))
			w.nothing()
		}
	})
}

func TestCrashInEnd(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for _, at := range []step{{"DeleteSession", false}, {"DeleteSession", true}} {
			s := w.MustCreate(w.alice, session.CreateOptions{})
			w.crashAt(at, func() { _ = w.End(w.t.Context(), w.alice, s.ID) })
			require.Empty(w.t, w.tmuxSessions())
			if at.done {
				w.nothing()
				continue
			}
			w.AwaitStatus(w.alice, s.ID, session.Exited)
			require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
		}
		w.nothing()
	})
}

func TestSessionsSurviveTheProcess(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		s := w.MustCreate(w.alice, session.CreateOptions{Name: "build"})
		w.TypeLine(w.alice, s.ID, "kept")
		w.restart()
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
		w.AwaitText(w.alice, s.ID, "kept\nkept\n")
	})
}

// TestAdoption: the row is deleted behind the Registry's back.
func TestAdoption(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		s := w.MustCreate(w.alice, session.CreateOptions{Name: "build", Width: 33, Height: 7})
		w.TypeLine(w.alice, s.ID, "kept")
		row := w.row(s.ID)
		require.NoError(w.t, w.store.Store.DeleteSession(w.t.Context(), s.ID))
		w.store.on(failing(step{"AdoptSession", false}))
		require.ErrorIs(w.t, w.Reconcile(w.t.Context()), session.ErrUnavailable)
		require.Empty(w.t, w.list(w.alice))
		w.store.on(nil)
		w.reconcile()
		w.agree()
		list := w.list(w.alice)
		require.Len(w.t, list, 1)
		require.NotEqual(w.t, s.ID, list[0].ID)
		require.Equal(w.t, [2]int{33, 7}, [2]int{list[0].Width, list[0].Height})
		require.False(w.t, list[0].CreateTime.IsZero())
		require.Equal(w.t, row.UID, w.row(list[0].ID).UID)
		w.AwaitText(w.alice, list[0].ID, "kept\nkept\n")
		w.unreachable(w.alice, s.ID)
		w.unreachable(w.bob, list[0].ID)
		w.reconcile()
		require.Equal(w.t, list, w.list(w.alice), "once")
		require.NoError(w.t, w.End(w.t.Context(), w.alice, list[0].ID))
		w.nothing()
	})
}

// TestOrphanEndsBeforeItsAdoption: the list that showed it is out of date.
func TestOrphanEndsBeforeItsAdoption(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		s := w.MustCreate(w.alice, session.CreateOptions{})
		row := w.row(s.ID)
		require.NoError(w.t, w.store.Store.DeleteSession(w.t.Context(), s.ID))
		w.store.on(func(now step) error {
			if now == (step{"SessionByUID", false}) {
				controltest.Tmux(w.t, w.Socket, "kill-session", "-t", row.TmuxID)
			}
			return nil
		})
		w.reconcile()
		w.nothing()
	})
}

// plant makes a tmux session without the Registry, with an identity or none.
func (w *world) plant(name, identity string) {
	w.t.Helper()
	controltest.Tmux(w.t, w.Socket, "new-session", "-d", "-s", name, "cat")
	if identity != "" {
		controltest.Tmux(w.t, w.Socket, "set-option", "-t", "="+name+":", "@interplexer_id", identity)
	}
}

func uid(n int) string { return fmt.Sprintf("%032x", n) }

func TestForeignSessionsAreLeftAlone(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for i, identity := range []string{
			"", "x", uid(1), uid(2) + " ghost", uid(3) + " ", "short alice", strings.Repeat("é", 16) + " alice",
			strings.ToUpper(uid(0xabc)) + " alice", " alice", uid(4) + " alice\n",
		} {
			w.plant(fmt.Sprintf("foreign-%d", i), identity)
		}
		before := w.tmuxSessions()
		w.reconcile()
		w.reconcile()
		require.Equal(w.t, before, w.tmuxSessions())
		require.Empty(w.t, w.rows())
		require.Empty(w.t, w.list(w.alice))

		// One that has the name that ours would get is no obstacle.
		w.plant("session-1", "")
		s := w.MustCreate(w.alice, session.CreateOptions{})
		require.Equal(w.t, int64(1), s.ID)
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
	})
}

// TestTakeOver: the row is kept under another server's name, say of a socket
// that was renamed.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		elsewhere := func(n int, name string) db.Session {
			row, err := w.store.Store.CreateSession(w.t.Context(), db.NewSession{
				UID: uid(n), Name: name, Server: "elsewhere", Cwd: "/", UserID: w.alice.UserID, Width: 80, Height: 24,
			})
			require.NoError(w.t, err)
			return row
		}
		moved := elsewhere(1, "build")
		w.plant("moved", uid(1)+" alice")
		elsewhere(2, "stays") // its session is not here
		w.reconcile()
		require.Equal(w.t, w.Socket, w.row(moved.ID).Server)
		w.agree()
		list := w.list(w.alice)
		require.Len(w.t, list, 1)
		require.Equal(w.t, moved.ID, list[0].ID)
		require.Equal(w.t, "build", list[0].Name)

		// A name that another live session has by now cannot come back.
		ended := elsewhere(3, "dup")
		_, err := w.store.Store.SetSessionStatus(w.t.Context(), ended.ID, db.StatusLost, ended.CreateTime)
		require.NoError(w.t, err)
		w.MustCreate(w.alice, session.CreateOptions{Name: "dup"})
		w.plant("dup", uid(3)+" alice")
		w.reconcile()
		require.Equal(w.t, "elsewhere", w.row(ended.ID).Server)
		require.Len(w.t, w.list(w.alice), 2)
		require.Len(w.t, w.tmuxSessions(), 3)
	})
}
