package session

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A key that is typed stirs the follower, and so does its echo, which comes later:
// what it looked at in vain keeps it from looking again for a moment only, and what
// showed something new for the interval.
func TestFollowerRestsByWhatItSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval = time.Second
		l := &live{opts: LiveOptions{Interval: interval}}
		w := newWatched(l, &record{})
		var text atomic.Pointer[string]
		show := func(s string) { text.Store(&s); w.stir() }
		show("before")
		s := &screen{owner: w, counts: &l.count}
		s.cache.of = s
		s.capture = func(context.Context) (shot, error) { return shot{text: []byte(*text.Load())}, nil }
		w.plain[""] = s
		require.True(t, w.hold(subject{}))
		time.Sleep(interval + fallbackInterval/2) // in the bubble's time: it has looked and rested

		told := func(change func()) time.Duration {
			news, began := w.changes(), time.Now()
			change()
			<-news
			return time.Since(began)
		}
		w.stir() // the key
		synctest.Wait()
		require.LessOrEqual(t, told(func() { show("echo") }), 4*earlyRest)
		took := told(func() { show("more") })
		require.Greater(t, took, interval/2, "changes that come together are seen together")
		require.LessOrEqual(t, took, interval)

		time.Sleep(interval + fallbackInterval/2)
		began := time.Now()
		for range 20 { // keys that nothing echoes
			w.stir()
			time.Sleep(earlyRest)
		}
		require.Greater(t, told(func() { show("late") }), time.Since(began)/8, "each rest is longer")
		w.release(subject{})
		l.followers.Wait()
	})
}
