package live

import (
	"context"
	"sync/atomic"
	"time"

	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// pauseAfter is the hub's flag pause-after: the time for which tmux keeps output that the
// hub has not read, before it pauses the pane. It is controlmode.DefaultPauseAfter seconds,
// and pauseAfterLong while a Tap that wants every byte gets its output late.
type pauseAfter struct {
	long   atomic.Bool
	lateAt atomic.Int64 // when such output was late last, in Unix nanoseconds
}

// lengthenPauseAfter notes that output for a Tap was late, and sets pauseAfterLong. It does
// not block.
func (s *Screens) lengthenPauseAfter(now time.Time) {
	s.pauseAfter.lateAt.Store(now.UnixNano())
	hub := s.hub.Load()
	if hub == nil || !s.pauseAfter.long.CompareAndSwap(false, true) {
		return
	}
	s.goRun(func(ctx context.Context) {
		ctx, cancel := tmux.Context(ctx)
		defer cancel()
		_ = hub.SetPauseAfter(ctx, pauseAfterLong) // if that fails, the flag may be set all the same
	})
}

// shortenPauseAfter ends pauseAfterLong when no output for a Tap is late any more.
func (s *Screens) shortenPauseAfter(ctx context.Context, hub *controlmode.Hub) {
	if !s.pauseAfter.long.Load() || s.now().Sub(time.Unix(0, s.pauseAfter.lateAt.Load())) < onTimeFor {
		return
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	if err := hub.SetPauseAfter(ctx, controlmode.DefaultPauseAfter); err == nil {
		s.pauseAfter.long.Store(false)
	}
}
