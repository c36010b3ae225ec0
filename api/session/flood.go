package session

import (
	"context"
	"time"

	"interplexer/controlmode"
)

// flood is a pane whose output is too much to listen to.
type flood struct {
	pane   controlmode.PaneID
	paused bool // tmux tells nothing of it just now
	over   bool // the rest is over
}

// calm pauses a pane for a while, or listens to it again. Its program goes on
// in any case.
func (l *live) calm(ctx context.Context, hub *controlmode.Hub, f flood) {
	l.linking.Lock() // see unheard
	defer l.linking.Unlock()
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	if f.over {
		l.resume(ctx, hub, f.pane)
		return
	}
	if !f.paused {
		_ = hub.Pause(ctx, f.pane) // if that fails it may be paused all the same
	}
	l.links.each(f.pane, func(s *screen) {
		s.deaf.Store(true)
		s.output.gap()
	})
	time.AfterFunc(floodRest, func() {
		if l.hub.Load() == hub {
			l.soon(func(d *due) { d.floods = append(d.floods, flood{pane: f.pane, over: true}) })
		}
	})
}

// resume has a pane told of again, and who reads its output that some is lost. It
// is tried again until it succeeds or the hub is gone. The caller holds linking.
func (l *live) resume(ctx context.Context, hub *controlmode.Hub, pane controlmode.PaneID) {
	err := hub.Resume(ctx, func() {
		l.links.each(pane, func(s *screen) {
			s.deaf.Store(false)
			s.output.gap()
			s.changedNow()
		})
	}, pane)
	if err != nil && hub.Err() == nil {
		l.later(func(d *due) { d.floods = append(d.floods, flood{pane: pane, over: true}) })
	}
}

// unheard does something to a pane while the hub is told nothing of it, nor has
// anything left to hear. A hub that only does not have the window linked would not
// do: tmux keeps for each client how far it has read of each pane that it was ever
// told of, and reads beyond the end of a pane that was respawned meanwhile (issue
// 5499); for one that is paused it starts anew.
func (l *live) unheard(ctx context.Context, pane controlmode.PaneID, do func() error) error {
	l.linking.Lock() // nobody links the window, or resumes the pane
	defer l.linking.Unlock()
	hub := l.hub.Load()
	if hub == nil { // the next one has never heard of the pane
		return do()
	}
	defer func() {
		ctx, cancel := tmuxContext(context.WithoutCancel(ctx))
		defer cancel()
		l.resume(ctx, hub, pane)
	}()
	if err := hub.Pause(ctx, pane); err != nil && hub.Err() == nil {
		return err // it may be paused all the same
	}
	return do()
}
