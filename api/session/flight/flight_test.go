package flight

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// asker counts calls; each one answers with its number once it may.
type asker struct {
	Call[int]
	calls int
	land  chan error
}

func (a *asker) ask(ctx context.Context) chan result {
	answer := make(chan result, 1)
	go func() {
		value, err := a.Do(ctx, func(context.Context) (int, error) {
			a.calls++ // calls never overlap: the race detector would tell
			number := a.calls
			return number, <-a.land
		})
		answer <- result{value, err}
	}()
	synctest.Wait()
	return answer
}

type result struct {
	value int
	err   error
}

func TestNeverAnswersWithSomethingOlder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &asker{land: make(chan error)}
		first := a.ask(t.Context())
		var late []chan result
		for range 50 {
			late = append(late, a.ask(t.Context()))
		}
		require.Equal(t, 1, a.calls)
		a.land <- nil
		require.Equal(t, result{1, nil}, <-first)
		synctest.Wait()
		require.Equal(t, 2, a.calls)
		later := a.ask(t.Context()) // the second call is under way
		a.land <- nil
		for _, answer := range late {
			require.Equal(t, result{2, nil}, <-answer)
		}
		failed := errors.New("failed")
		a.land <- failed
		require.Equal(t, result{3, failed}, <-later)
		again := a.ask(t.Context())
		a.land <- nil
		require.Equal(t, result{4, nil}, <-again, "an error is not kept")
	})
}

func TestGoesOnWithoutWhoAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &asker{land: make(chan error)}
		ctx, cancel := context.WithCancel(t.Context())
		gone, goneToo := a.ask(ctx), a.ask(ctx)
		stays := a.ask(t.Context())
		cancel()
		require.ErrorIs(t, (<-gone).err, context.Canceled)
		require.ErrorIs(t, (<-goneToo).err, context.Canceled)
		a.land <- nil
		a.land <- nil
		require.Equal(t, result{2, nil}, <-stays)
	})
}

// TestMakesTheAskersCall: not that of whoever flew first.
func TestMakesTheAskersCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f Call[string]
		land := make(chan struct{})
		answers := make(chan string, 2)
		type key struct{}
		for _, name := range []string{"first", "second"} {
			ctx := context.WithValue(t.Context(), key{}, name)
			go func() {
				value, _ := f.Do(ctx, func(ctx context.Context) (string, error) {
					<-land
					return name + " " + ctx.Value(key{}).(string), ctx.Err()
				})
				answers <- value
			}()
			synctest.Wait()
		}
		land <- struct{}{}
		require.Equal(t, "first first", <-answers)
		land <- struct{}{}
		require.Equal(t, "second second", <-answers)
	})
}
