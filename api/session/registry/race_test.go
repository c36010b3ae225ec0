package registry_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// TestEndedIsNeverResurrected: neither in memory nor in the store, however a
// reconciliation and the end of a session interleave.
func TestEndedIsNeverResurrected(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		stop := make(chan struct{})
		var reconcilers sync.WaitGroup
		for range 2 {
			reconcilers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if err := w.Reconcile(w.t.Context()); err != nil {
						w.t.Errorf("reconcile: %v", err)
					}
				}
			})
		}
		for range 40 {
			s := w.MustCreate(w.alice, session.CreateOptions{Name: "same"})
			require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
			require.Empty(w.t, w.list(w.alice))
			w.unreachable(w.alice, s.ID)
		}
		close(stop)
		reconcilers.Wait()
		w.reconcile()
		require.Empty(w.t, w.list(w.alice))
		w.nothing()
	})
}

// TestEveryInterleavingOfEnd: a reconciliation runs at each step of an end.
func TestEveryInterleavingOfEnd(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for _, at := range []step{{"DeleteSession", false}, {"DeleteSession", true}} {
			s := w.MustCreate(w.alice, session.CreateOptions{})
			w.store.on(func(now step) error {
				if now == at {
					w.store.on(nil)
					w.reconcile()
				}
				return nil
			})
			require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
			require.Empty(w.t, w.list(w.alice))
			w.reconcile()
			w.nothing()
		}
	})
}

// TestEveryInterleavingOfReconcile: a session is made, or ended, at each step
// of a reconciliation.
func TestEveryInterleavingOfReconcile(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for _, at := range []step{{"SessionsOnServer", false}, {"SessionsOnServer", true}} {
			meanwhile := func(call func()) {
				w.store.on(func(now step) error {
					if now == at {
						w.store.on(nil)
						call()
					}
					return nil
				})
				w.reconcile()
			}
			var s session.Session
			meanwhile(func() { s = w.MustCreate(w.alice, session.CreateOptions{}) })
			require.Equal(w.t, []session.Session{s}, w.list(w.alice))
			meanwhile(func() { require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID)) })
			require.Empty(w.t, w.list(w.alice))
			w.nothing()
		}
	})
}

// TestEveryInterleavingOfCreate: a reconciliation runs at each step of a
// creation and leaves what is being made alone.
func TestEveryInterleavingOfCreate(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for _, at := range []step{
			{"CreateSession", false}, {"CreateSession", true}, {"StartSession", false}, {"StartSession", true},
		} {
			w.store.on(func(now step) error {
				if now == at {
					w.store.on(nil)
					w.reconcile()
				}
				return nil
			})
			s := w.MustCreate(w.alice, session.CreateOptions{})
			require.Equal(w.t, []session.Session{s}, w.list(w.alice))
			w.reconcile()
			w.agree()
			require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
		}
		w.nothing()
	})
}

// TestProgramEndsWhileCreated: tmux has told of the end, and reconciliation has
// passed over it, before the row says that the session runs.
func TestProgramEndsWhileCreated(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var created atomic.Bool
		passedOver := make(chan struct{}, 1)
		w.store.on(func(now step) error {
			switch now {
			case step{"CreateSession", true}:
				created.Store(true)
			case step{"SessionsOnServer", false}:
				if created.Load() && len(w.tmuxSessions()) == 0 {
					select {
					case passedOver <- struct{}{}:
					default:
					}
				}
			case step{"StartSession", false}:
				<-passedOver
				w.reconcile()
			}
			return nil
		})
		w.Run()
		s := w.MustCreate(w.alice, session.CreateOptions{Command: []string{"true"}})
		w.Eventually("the row says so", func() bool { return w.row(s.ID).Status == "exited" })
	})
}

// TestOlderReadingOfTheStoreChangesNothing: rows were read while a session was
// being started, and are compared once it runs.
func TestOlderReadingOfTheStoreChangesNothing(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		read, started, reconciled := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		starts := 0
		w.store.on(func(now step) error {
			switch now {
			case step{"StartSession", false}:
				if starts++; starts == 1 {
					go func() { reconciled <- w.Reconcile(w.t.Context()) }()
					<-read
				}
			case step{"SessionsOnServer", true}:
				close(read)
				<-started
			}
			return nil
		})
		s := w.MustCreate(w.alice, session.CreateOptions{})
		close(started)
		require.NoError(w.t, <-reconciled)
		require.Equal(w.t, 1, starts, "there was nothing to mend")
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
		w.agree()
	})
}

// TestStartingSessionCannotBeReached: it has no tmux side yet.
func TestStartingSessionCannotBeReached(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.store.on(func(now step) error {
			if now == (step{"StartSession", false}) {
				list := w.list(w.alice)
				require.Len(w.t, list, 1)
				require.Equal(w.t, session.Starting, list[0].Status)
				require.ErrorIs(w.t, w.End(w.t.Context(), w.alice, list[0].ID), session.ErrNotRunning)
				_, err := w.Screen(w.t.Context(), w.alice, list[0].ID, session.CaptureOptions{})
				require.ErrorIs(w.t, err, session.ErrNotRunning)
			}
			return nil
		})
		w.MustCreate(w.alice, session.CreateOptions{})
		w.agree()
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		w.Run()
		var callers sync.WaitGroup
		for i := range 50 {
			callers.Go(func() {
				p := []session.Principal{w.alice, w.bob}[i%2]
				s, err := w.Create(w.t.Context(), p, session.CreateOptions{Command: []string{"cat"}})
				if err == nil && i%5 != 0 {
					err = w.End(w.t.Context(), p, s.ID)
				}
				if err != nil {
					w.t.Errorf("%d: %v", i, err)
				}
			})
		}
		callers.Wait()
		w.reconcile()
		require.Len(w.t, w.rows(), 10)
		require.Len(w.t, w.tmuxSessions(), 10)
		require.Len(w.t, append(w.list(w.alice), w.list(w.bob)...), 10)
		w.agree()
	})
}

// TestCallerLeaves: what has begun is finished.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var s session.Session
		w.leaveAt(step{"StartSession", false}, func(ctx context.Context) (err error) {
			s, err = w.Create(ctx, w.alice, session.CreateOptions{Command: []string{"cat"}})
			return err
		})
		require.Equal(w.t, []session.Session{s}, w.list(w.alice))
		w.agree()
		w.leaveAt(step{"DeleteSession", false}, func(ctx context.Context) error { return w.End(ctx, w.alice, s.ID) })
		w.nothing()
	})
}

// leaveAt cancels a call's context at a step.
func (w *world) leaveAt(at step, call func(context.Context) error) {
	w.t.Helper()
	ctx, leave := context.WithCancel(w.t.Context())
	defer leave()
	w.store.on(func(now step) error {
		if now == at {
			leave()
		}
		return nil
	})
	require.NoError(w.t, call(ctx))
	require.Error(w.t, ctx.Err())
}
