package registry_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
	"interplexer/controlmode/controltest"
)

func TestLife(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		ctx := t.Context()
		require.NoError(w.t, w.Ready(ctx))
		require.Empty(w.t, w.list(w.alice))
		s := w.MustCreate(w.alice, session.CreateOptions{Name: "build", Width: 30, Height: 5, Cwd: "/", Command: []string{"cat"}})
		require.Equal(w.t, "alice", s.User)
		require.Len(w.t, s.Panes, 1)
		require.True(w.t, s.Panes[0].Active)
		require.Equal(w.t, [2]int{30, 5}, [2]int{s.Panes[0].Width, s.Panes[0].Height})
		got, err := w.Get(ctx, w.alice, s.ID)
		require.NoError(w.t, err)
		require.Len(w.t, got.Windows, 1)
		require.Equal(w.t, got.Windows[0].ID, got.Panes[0].Window)
		require.Equal(w.t, s, plain(got))
		plain := w.MustCreate(w.alice, session.CreateOptions{})
		require.Equal(w.t, "session-"+strings.TrimPrefix(plain.Name, "session-"), plain.Name)
		require.Equal(w.t, [2]int{80, 24}, [2]int{plain.Width, plain.Height})
		require.Equal(w.t, []session.Session{s, plain}, w.list(w.alice))

		w.TypeLine(w.alice, s.ID, "echo  hello")
		w.AwaitText(w.alice, s.ID, "echo  hello\necho  hello\n")
		whole, err := w.Screen(ctx, w.alice, s.ID, session.CaptureOptions{Pane: s.Panes[0].ID})
		require.NoError(w.t, err)
		require.Equal(w.t, "echo  hello\necho  hello\n\n\n\n", string(whole.Text))

		require.NoError(w.t, w.End(ctx, w.alice, s.ID))
		w.unreachable(w.alice, s.ID)
		require.Equal(w.t, []session.Session{plain}, w.list(w.alice))
		w.agree()
		require.NoError(w.t, w.End(ctx, w.alice, plain.ID))
		w.nothing()
	})
}

// unreachable requires that every method answers ErrNotFound.
func (w *world) unreachable(p session.Principal, id int64) {
	w.t.Helper()
	ctx, text := w.t.Context(), "x"
	_, err := w.Get(ctx, p, id)
	require.ErrorIs(w.t, err, session.ErrNotFound)
	_, err = w.Screen(ctx, p, id, session.CaptureOptions{})
	require.ErrorIs(w.t, err, session.ErrNotFound)
	require.ErrorIs(w.t, w.Send(ctx, p, id, session.Input{Text: &text}), session.ErrNotFound)
	require.ErrorIs(w.t, w.End(ctx, p, id), session.ErrNotFound)
}

func TestAnotherUsersSessionDoesNotExist(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		hers, his := w.MustCreate(w.alice, session.CreateOptions{}), w.MustCreate(w.bob, session.CreateOptions{})
		w.unreachable(w.bob, hers.ID)
		w.unreachable(session.Principal{UserID: w.bob.UserID, User: "alice", Admin: true}, hers.ID)
		w.unreachable(w.alice, his.ID)
		w.unreachable(w.alice, his.ID+1000)
		require.Equal(w.t, []session.Session{hers}, w.list(w.alice))
		require.Equal(w.t, []session.Session{his}, w.list(w.bob))

		own := w.MustCreate(w.alice, session.CreateOptions{})
		for _, pane := range []string{his.Panes[0].ID, own.Panes[0].ID, "%4000000000"} {
			_, err := w.Screen(w.t.Context(), w.alice, hers.ID, session.CaptureOptions{Pane: pane})
			require.ErrorIs(w.t, err, session.ErrNotFound)
			text := "typed"
			require.ErrorIs(w.t, w.Send(w.t.Context(), w.alice, hers.ID, session.Input{Pane: pane, Text: &text}), session.ErrNotFound)
		}
		for p, id := range map[session.Principal]int64{w.alice: own.ID, w.bob: his.ID} {
			w.TypeLine(p, id, "end")
			w.AwaitText(p, id, "end\nend\n")
			require.Equal(w.t, "end\nend\n", w.ScreenText(p, id), "nothing was typed")
		}
		s, err := w.Get(w.t.Context(), w.alice, hers.ID)
		require.NoError(w.t, err)
		require.Equal(w.t, session.Running, s.Status, "a pane that is not there ends no session")
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.Run()
		named := session.CreateOptions{Name: "build"}
		first := w.MustCreate(w.alice, named)
		w.MustCreate(w.bob, named)
		_, err := w.Create(w.t.Context(), w.alice, named)
		require.ErrorIs(w.t, err, session.ErrNameTaken)
		w.agree()

		exit := []byte{4}
		require.NoError(w.t, w.Send(w.t.Context(), w.alice, first.ID, session.Input{Raw: exit}))
		w.AwaitStatus(w.alice, first.ID, session.Exited)
		w.Eventually("the name is free", func() bool {
			_, err := w.Create(w.t.Context(), w.alice, named)
			return err == nil
		})
		require.Len(w.t, w.list(w.alice), 2)
	})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.Registry = registry.New(w.store, w.Tmux, registry.Options{Server: w.Socket, Quota: 2})
		first := w.MustCreate(w.alice, session.CreateOptions{})
		w.MustCreate(w.alice, session.CreateOptions{})
		_, err := w.Create(w.t.Context(), w.alice, session.CreateOptions{})
		require.ErrorIs(w.t, err, session.ErrQuota)
		w.MustCreate(w.bob, session.CreateOptions{})
		require.NoError(w.t, w.End(w.t.Context(), w.alice, first.ID))
		w.MustCreate(w.alice, session.CreateOptions{})
		w.agree()
	})
}

// TestProgramEnds: nobody asks, and still the store hears of it.
func TestProgramEnds(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.Run()
		s := w.MustCreate(w.alice, session.CreateOptions{Command: []string{"true"}})
		w.Eventually("the row says so", func() bool { return w.row(s.ID).Status == "exited" })
		w.AwaitStatus(w.alice, s.ID, session.Exited)
		w.requireEnded(s.ID)
		require.Equal(w.t, session.Exited, w.list(w.alice)[0].Status)
		require.Empty(w.t, w.list(w.alice)[0].Panes)
		require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
		w.unreachable(w.alice, s.ID)
		require.Empty(w.t, w.rows())
	})
}

func (w *world) requireEnded(id int64) {
	w.t.Helper()
	_, err := w.Screen(w.t.Context(), w.alice, id, session.CaptureOptions{})
	require.ErrorIs(w.t, err, session.ErrEnded)
	text := "x"
	require.ErrorIs(w.t, w.Send(w.t.Context(), w.alice, id, session.Input{Text: &text}), session.ErrEnded)
}

// TestEndedIsSeenWithoutRun: whoever asks finds out, whichever way they ask,
// and reconciliation writes it down without losing it in between.
func TestEndedIsSeenWithoutRun(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for _, ask := range []func(id int64) session.Status{
			func(id int64) session.Status { s, _ := w.Get(w.t.Context(), w.alice, id); return s.Status },
			func(int64) session.Status { return w.list(w.alice)[0].Status },
			func(id int64) session.Status { w.requireEnded(id); return session.Exited },
		} {
			s := w.MustCreate(w.alice, session.CreateOptions{})
			tmuxID := w.row(s.ID).TmuxID
			controltest.Tmux(w.t, w.Socket, "kill-session", "-t", tmuxID)
			require.Equal(w.t, session.Exited, ask(s.ID))
			require.Equal(w.t, "running", w.row(s.ID).Status)
			w.requireEnded(s.ID)
			w.store.on(failing(step{"SetSessionStatus", false}))
			require.ErrorIs(w.t, w.Reconcile(w.t.Context()), session.ErrUnavailable)
			require.Equal(w.t, session.Exited, w.list(w.alice)[0].Status, "the store's older word does not count")
			w.store.on(nil)
			w.reconcile()
			require.Equal(w.t, "exited", w.row(s.ID).Status)
			require.Equal(w.t, session.Exited, w.list(w.alice)[0].Status)
			require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
		}
		w.nothing()
	})
}

// TestWhatWasSeenStaysSeen: the store says running, tmux says nothing any more.
func TestWhatWasSeenStaysSeen(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		s := w.MustCreate(w.alice, session.CreateOptions{})
		controltest.Tmux(w.t, w.Socket, "kill-session", "-t", w.row(s.ID).TmuxID)
		require.Equal(w.t, session.Exited, w.list(w.alice)[0].Status)
		require.NoError(w.t, w.Tmux.Close())
		require.ErrorIs(w.t, w.Reconcile(w.t.Context()), session.ErrUnavailable)
		require.Equal(w.t, session.Exited, w.list(w.alice)[0].Status)
	})
}
