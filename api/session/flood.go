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
