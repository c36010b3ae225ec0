package session

import (
	"context"
	"time"

	"interplexer/controlmode"
)

// flood is a pane whose output is too much to listen to.
type flood struct {
	screen *screen
	pane   controlmode.PaneID
	paused bool // tmux tells nothing of it just now
	over   bool // the rest is over
}

// calm pauses a pane for a while, or listens to it again. Its program goes on
// in any case.
func (l *live) calm(ctx context.Context, hub *controlmode.Hub, f flood) {
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	l.linking.Lock() // see unheard
	defer l.linking.Unlock()
	if f.over {
		// What was printed meanwhile is lost to those who read the output.
		if err := hub.Resume(ctx, f.pane, f.screen.output.gap); err != nil {
			return // the connection is gone, and with it all of this
		}
		f.screen.deaf.Store(false)
		f.screen.changedNow()
		return
	}
	if !f.paused {
		if err := hub.Pause(ctx, f.pane); err != nil {
			return
		}
		f.screen.output.gap()
		f.paused = true
	}
	f.over = true
	time.AfterFunc(floodRest, func() {
		if l.hub.Load() == hub {
			l.soon(func(d *due) { d.floods = append(d.floods, f) })
		}
	})
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
	if err := hub.Pause(ctx, pane); err != nil && hub.Err() == nil {
		return err
	}
	err := do()
	resume, cancel := tmuxContext(context.WithoutCancel(ctx))
	defer cancel()
	_ = hub.Resume(resume, pane, func() { // fails only with the hub
		l.links.each(pane, func(s *screen) {
			s.output.gap()
			s.changedNow()
		})
	})
	return err
}
