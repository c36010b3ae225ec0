package live

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/tmux"
)

// followed is a session for whose changes somebody waits.
type followed struct {
	*watched
	text atomic.Pointer[string]
}

// follows starts a follower in a bubble of synctest.
func follows(t *testing.T, interval time.Duration) *followed {
	t.Helper()
	screens := New(nil, Options{Interval: interval}, nil)
	f := &followed{watched: newWatched(screens, tmux.Ref{})}
	f.show("before")
	s := &screen{owner: f.watched, screens: screens}
	s.cache.of = s
	s.ask = func(context.Context, variant) (rawCapture, error) {
		return rawCapture{text: []byte(*f.text.Load())}, nil
	}
	f.direct[""] = s
	require.True(t, f.hold(viewKey{}))
	return f
}

func (f *followed) end() {
	f.release(viewKey{})
	f.screens.goroutines.Wait()
}

func (f *followed) show(text string) {
	f.text.Store(&text)
	f.wake()
}

// delay changes the text and returns the time until those who wait are woken.
func (f *followed) delay(text string) time.Duration {
	news, began := f.changes(), time.Now()
	f.show(text)
	<-news
	return time.Since(began)
}

// A typed key wakes the follower, and so does its echo, which comes later. After a look
// that showed nothing new the follower rests for a moment only, and after one that
// showed something new for the interval.
func TestFollowerRestsByWhatItSaw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const interval = time.Second
		f := follows(t, interval)
		defer f.end()
		synctest.Wait()
		f.delay("first")
		time.Sleep(interval + fallbackInterval/2) // in the bubble's time: it has rested
		f.wake()                                  // the key
		synctest.Wait()
		require.LessOrEqual(t, f.delay("echo"), 4*earlyRest)
		took := f.delay("more")
		require.Greater(t, took, interval/2, "changes that come together are shown together")
		require.LessOrEqual(t, took, interval)

		time.Sleep(interval + fallbackInterval/2)
		began := time.Now()
		for range 20 { // keys that nothing echoes
			f.wake()
			time.Sleep(earlyRest)
		}
		require.Greater(t, f.delay("late"), time.Since(began)/8, "each rest is longer")
	})
}

// A look in vain now and then, for changes that tmux does not report, makes no rest
// longer.
func TestFollowerIsFreshAfterACalm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := follows(t, fallbackInterval/5)
		defer f.end()
		time.Sleep(20*fallbackInterval + fallbackInterval/2)
		f.wake() // the key
		synctest.Wait()
		require.LessOrEqual(t, f.delay("echo"), earlyRest)
	})
}

// Whoever begins to wait between a key and its echo is woken by the echo at once.
func TestFollowerIsFreshAtFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := follows(t, time.Second)
		defer f.end()
		synctest.Wait()
		require.LessOrEqual(t, f.delay("echo"), earlyRest)
	})
}
