package registry_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// What is kept is told by the row, by windows that are made later, and by those
// that were there.
func TestKeep(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		s := w.MustCreate(w.alice, session.CreateOptions{})
		_, second, err := w.CreateWindow(w.t.Context(), w.alice, s.ID, session.NewWindow{Program: session.Program{Command: []string{"cat"}}})
		require.NoError(w.t, err)
		keep := func(keep bool) {
			now, err := w.Edit(w.t.Context(), w.alice, s.ID, session.Edit{KeepAfterExit: &keep})
			require.NoError(w.t, err)
			require.Equal(w.t, keep, now.KeepAfterExit)
		}
		keep(true)
		w.restart()
		one, third, err := w.CreateWindow(w.t.Context(), w.alice, s.ID, session.NewWindow{Program: session.Program{Command: []string{"false"}}})
		require.NoError(w.t, err)
		require.True(w.t, one.KeepAfterExit)
		dead := func(window string) func() bool {
			return func() bool {
				now, err := w.Windows(w.t.Context(), w.alice, s.ID)
				require.NoError(w.t, err)
				_, panes, err := now.Window(window)
				require.NoError(w.t, err)
				return panes[0].Dead
			}
		}
		w.Eventually("the new window's program ends", dead(third))
		_, panes, err := one.Window(second)
		require.NoError(w.t, err)
		w.kill(panes[0].PID)
		w.Eventually("that of the one that was there ends", dead(second))

		keep(false)
		require.False(w.t, dead(one.Windows[0].ID)())
		w.kill(one.Panes[0].PID)
		w.Eventually("its window closes", func() bool {
			now, err := w.Windows(w.t.Context(), w.alice, s.ID)
			require.NoError(w.t, err)
			return len(now.Windows) == 2
		})
	})
}

// kill ends a pane's program.
func (w *world) kill(pid int) {
	w.t.Helper()
	require.NoError(w.t, syscall.Kill(pid, syscall.SIGKILL))
}
