package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode/controltest"
)

func textOf(s string) *string { return &s }

func (w *world) edit(id int64, e session.Edit) session.Session {
	w.t.Helper()
	s, err := w.Edit(w.t.Context(), w.alice, id, e)
	require.NoError(w.t, err)
	return plain(s)
}

func (w *world) get(id int64) session.Session {
	w.t.Helper()
	s, err := w.Get(w.t.Context(), w.alice, id)
	require.NoError(w.t, err)
	return plain(s)
}

func TestEdit(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		one := w.MustCreate(w.alice, session.CreateOptions{Name: "one", Labels: map[string]string{"a": "1", "b": "2"}})
		require.Equal(w.t, map[string]string{"a": "1", "b": "2"}, one.Labels)
		w.MustCreate(w.alice, session.CreateOptions{Name: "two"})
		w.MustCreate(w.bob, session.CreateOptions{Name: "three"})
		feed, err := w.Feed(t.Context(), w.alice)
		require.NoError(w.t, err)
		defer feed.Close()

		got := w.edit(one.ID, session.Edit{
			Name: textOf("three"), Labels: map[string]*string{"a": nil, "b": textOf("3"), "c": textOf(""), "d": nil}, Width: 100,
		})
		require.Equal(w.t, "three", got.Name)
		require.Equal(w.t, map[string]string{"b": "3", "c": ""}, got.Labels)
		require.Equal(w.t, [4]int{100, 24, 100, 24}, [4]int{got.Width, got.Height, got.Panes[0].Width, got.Panes[0].Height})
		require.Greater(w.t, got.ModifyTime, one.ModifyTime)
		change := <-feed.C
		require.Equal(w.t, session.ChangeRenamed, change.Kind)
		require.Equal(w.t, "three", change.Session.Name)
		require.Contains(w.t, controltest.Tmux(t, w.Socket, "list-sessions", "-F", "#{session_name}"), fmt.Sprintf("session-%d\n", one.ID))
		require.Equal(w.t, got, w.edit(one.ID, session.Edit{}), "nothing")
		w.restart()
		require.Equal(w.t, got, w.get(one.ID))

		got = w.edit(one.ID, session.Edit{Name: textOf(""), Height: 7})
		require.Equal(w.t, fmt.Sprintf("session-%d", one.ID), got.Name)
		require.Equal(w.t, [2]int{100, 7}, [2]int{got.Panes[0].Width, got.Panes[0].Height})
	})
}

func TestEditIsAllOrNothing(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		one := w.MustCreate(w.alice, session.CreateOptions{Name: "one", Labels: map[string]string{"a": "1"}})
		w.MustCreate(w.alice, session.CreateOptions{Name: "two"})
		many := map[string]*string{}
		for i := range session.MaxLabels {
			many[fmt.Sprint("n", i)] = textOf("")
		}
		refused := func(e session.Edit) error {
			_, err := w.Edit(t.Context(), w.alice, one.ID, e)
			require.Error(w.t, err)
			require.Equal(w.t, one, w.get(one.ID))
			return err
		}
		good := map[string]*string{"good": textOf("1")}
		for _, e := range []struct {
			edit  session.Edit
			field string
		}{
			{session.Edit{Name: textOf("a\tb"), Labels: good, Width: 50}, "name"},
			{session.Edit{Name: textOf("#(x)"), Width: 50}, "name"},
			{session.Edit{Name: textOf("ok"), Width: 10_001}, "width"},
			{session.Edit{Name: textOf("ok"), Height: -1}, "height"},
			{session.Edit{Name: textOf("ok"), Labels: map[string]*string{"": textOf("")}}, "labels"},
			{session.Edit{Labels: map[string]*string{"a=b": textOf("")}}, "labels"},
			{session.Edit{Labels: map[string]*string{strings.Repeat("n", 64): textOf("")}}, "labels"},
			{session.Edit{Labels: map[string]*string{"k": textOf("a\nb")}}, "labels.k"},
			{session.Edit{Labels: map[string]*string{"k": textOf("\xff")}}, "labels.k"},
			{session.Edit{Labels: map[string]*string{"k": textOf(strings.Repeat("é", 257))}}, "labels.k"},
			{session.Edit{Name: textOf("ok"), Labels: many}, "labels"},
		} {
			var bad *session.InvalidError
			require.ErrorAs(w.t, refused(e.edit), &bad)
			require.Equal(w.t, e.field, bad.Fields[0].Field)
		}
		require.ErrorIs(w.t, refused(session.Edit{Name: textOf("two"), Labels: good, Width: 50, Height: 5}), session.ErrNameTaken)
		for _, when := range []bool{false, true} {
			w.store.on(failing(step{"EditSession", when}))
			require.ErrorIs(w.t, refused(session.Edit{Name: textOf("three"), Width: 50}), session.ErrUnavailable)
		}
		w.store.on(nil)
		w.reconcile() // it was written after all, and memory learns of it
		require.Equal(w.t, "three", w.get(one.ID).Name)
		_, err := w.Edit(t.Context(), w.bob, one.ID, session.Edit{Name: textOf("mine")})
		require.ErrorIs(w.t, err, session.ErrNotFound)
	})
}

// tmux loses the session between the row and the resize.
func TestEditOfASessionThatEnds(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		one := w.MustCreate(w.alice, session.CreateOptions{Name: "one"})
		w.store.on(func(at step) error {
			if at == (step{"EditSession", true}) {
				w.store.on(nil)
				controltest.Tmux(t, w.Socket, "kill-session", "-t", fmt.Sprintf("=session-%d:", one.ID))
			}
			return nil
		})
		_, err := w.Edit(t.Context(), w.alice, one.ID, session.Edit{Name: textOf("two"), Width: 50})
		var ended *session.EndedError
		require.ErrorAs(w.t, err, &ended)
		require.Equal(w.t, session.Exited, ended.Status)
		w.reconcile()
		require.Equal(w.t, [2]any{"one", 80}, [2]any{w.get(one.ID).Name, w.get(one.ID).Width})

		_, err = w.Edit(t.Context(), w.alice, one.ID, session.Edit{Name: textOf("two"), Height: 50})
		require.ErrorIs(w.t, err, session.ErrEnded)
		got := w.edit(one.ID, session.Edit{Name: textOf("two"), Labels: map[string]*string{"done": textOf("yes")}})
		require.Equal(w.t, session.Exited, got.Status)
		w.restart()
		require.Equal(w.t, got, w.get(one.ID))
	})
}

func TestEditsOfOneSessionTakeTurns(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		one := w.MustCreate(w.alice, session.CreateOptions{})
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				_, err := w.Edit(context.Background(), w.alice, one.ID, session.Edit{Labels: map[string]*string{fmt.Sprint("n", i): textOf("x")}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.Len(w.t, w.get(one.ID).Labels, 10)

		begun, leave := make(chan struct{}), make(chan struct{})
		w.store.on(func(at step) error {
			if at == (step{"EditSession", false}) {
				close(begun)
				<-leave
				return errors.New("no")
			}
			return nil
		})
		all.Go(func() { _, _ = w.Edit(context.Background(), w.alice, one.ID, session.Edit{Name: textOf("slow")}) })
		<-begun
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.Edit(ctx, w.alice, one.ID, session.Edit{Name: textOf("left")})
		require.ErrorIs(w.t, err, context.Canceled)
		close(leave)
		all.Wait()
		w.store.on(nil)
	})
}

// The store does not know yet that a session has ended, and holds its name.
func TestEditOfASessionWhoseEndIsNotWritten(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		one := w.MustCreate(w.alice, session.CreateOptions{Name: "one"})
		w.MustCreate(w.alice, session.CreateOptions{Name: "two"})
		controltest.Tmux(t, w.Socket, "kill-session", "-t", fmt.Sprintf("=session-%d:", one.ID))
		require.Equal(w.t, session.Exited, w.get(one.ID).Status) // and nobody reconciles
		require.Equal(w.t, "two", w.edit(one.ID, session.Edit{Name: textOf("two")}).Name)
	})
}
