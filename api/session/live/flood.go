package live

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// flow measures a pane's output. It belongs to the hub's reader.
type flow struct {
	since time.Time
	bytes int // since then
	late  int // bytes in a row that tmux delivered late
}

// floods reports whether a pane prints too much for its output to be read.
func (f *flow) floods(n controlmode.Output, now time.Time) bool {
	if now.Sub(f.since) > floodTime {
		f.since, f.bytes = now, 0
	}
	f.bytes += len(n.Data)
	f.late += len(n.Data)
	if time.Duration(n.Age)*time.Millisecond < lateAge {
		f.late = 0
	}
	return f.bytes > floodBytes || f.late > lateBytes
}

// flood is a pane that prints too much, or has printed too much a moment ago.
type flood struct {
	pane   controlmode.PaneID
	paused bool // tmux has paused it already
	over   bool // the pause is over
}

// enqueueFlood asks the loop to pause a pane. paused: tmux has paused it already.
func (s *Screens) enqueueFlood(p controlmode.PaneID, paused bool) {
	known := true
	s.windows.each(p, func(screen *screen) {
		if screen.paused.CompareAndSwap(false, true) {
			known = false
		}
		screen.flow = flow{}
		if paused {
			screen.output.gap()
		}
	})
	if !known {
		s.enqueue(func(q *workQueue) { q.floods = append(q.floods, flood{pane: p, paused: paused}) })
	}
}

// pausePane pauses a pane for floodPause, or resumes it if that is over. The pane's program
// goes on meanwhile. Only the loop calls it.
func (s *Screens) pausePane(ctx context.Context, hub *controlmode.Hub, f flood) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	if f.over {
		s.resumePane(ctx, hub, f.pane)
		return
	}
	if !f.paused {
		_ = hub.Pause(ctx, f.pane) // if that fails it may be paused all the same
	}
	s.windows.each(f.pane, func(screen *screen) {
		screen.paused.Store(true)
		screen.output.gap()
	})
	time.AfterFunc(floodPause, func() {
		if s.hub.Load() == hub {
			s.enqueue(func(q *workQueue) { q.floods = append(q.floods, flood{pane: f.pane, over: true}) })
		}
	})
}

// resumePane tells tmux to deliver a pane's output again, and notes the gap in it. If that
// fails, the loop tries again until it succeeds or the hub is gone. Only the loop calls
// it.
func (s *Screens) resumePane(ctx context.Context, hub *controlmode.Hub, pane controlmode.PaneID) {
	err := hub.Resume(ctx, func() {
		s.windows.each(pane, func(screen *screen) {
			screen.paused.Store(false)
			screen.output.gap()
			screen.changedAndWake()
		})
	}, pane)
	if err != nil && hub.Err() == nil {
		s.enqueueLater(func(q *workQueue) { q.floods = append(q.floods, flood{pane: pane, over: true}) })
	}
}

// WithPaused calls do while the hub has the pane paused, and returns do's error. It is for
// respawning a pane. For each client and pane, tmux keeps how much of the pane's output
// the client has read, also while the window is not linked into the client's session.
// When the pane is respawned, tmux reads beyond the end of its output (tmux issue 5499, up
// to 3.6a). For a paused pane it begins anew.
//
// The loop calls do, so nothing links the window or resumes the pane meanwhile. When ctx is
// done before do has begun, WithPaused fails with controlmode.ErrNotSent, and do never
// runs; when ctx is done later, it returns ctx's error.
func (s *Screens) WithPaused(ctx context.Context, pane controlmode.PaneID, do func() error) error {
	done := make(chan error, 1)
	var taken atomic.Bool // by the loop, or by the caller, who has left
	call := func(hub *controlmode.Hub) {
		if taken.CompareAndSwap(false, true) {
			done <- s.callPaused(ctx, hub, pane, do)
		}
	}
	if !s.enqueueServed(func(q *workQueue) { q.calls = append(q.calls, call) }) {
		return do() // the next hub has read nothing of the pane
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		if taken.CompareAndSwap(false, true) {
			return fmt.Errorf("live: the hub has much to do: %w", controlmode.ErrNotSent)
		}
		return ctx.Err()
	}
}

// callPaused calls do with the pane paused. Without a hub there is nothing to pause.
func (s *Screens) callPaused(ctx context.Context, hub *controlmode.Hub, pane controlmode.PaneID, do func() error) error {
	if hub == nil {
		return do()
	}
	defer func() {
		ctx, cancel := tmux.Context(context.WithoutCancel(ctx))
		defer cancel()
		s.resumePane(ctx, hub, pane)
	}()
	if err := hub.Pause(ctx, pane); err != nil && hub.Err() == nil {
		return err // it may be paused all the same
	}
	return do()
}
