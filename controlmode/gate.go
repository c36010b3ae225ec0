package controlmode

import (
	"context"
	"sync"
)

// gate keeps dials apart from commands that change something or notify others. Up to
// tmux 3.6, a notification that fires while a control client identifies itself can
// crash the tmux server (tmux PR 4980), and changes cause notifications. All
// connections of one Server share a gate. A nil gate is always open.
type gate struct {
	mu     sync.Mutex    // guards the fields below
	inside int           // commands on their way
	idle   chan struct{} // closed when inside is 0; nil: nobody waits for it
	opens  chan struct{} // closed when the dial is over; nil: the gate is open
}

// enter waits until no dial is under way, or fails with ctx's error.
func (g *gate) enter(ctx context.Context) error {
	if g == nil {
		return nil
	}
	for {
		g.mu.Lock()
		opens := g.opens
		if opens == nil {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-opens:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leave undoes an enter.
func (g *gate) leave() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// shut waits for another dial to end, and then, until ctx is done, for the commands
// inside. (A tmux that does not answer them cannot be protected.) The gate is shut
// until open is called.
func (g *gate) shut(ctx context.Context) (open func()) {
	opens, idle := g.close()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
		}
	}
	return func() {
		g.mu.Lock()
		g.opens = nil
		g.mu.Unlock()
		close(opens)
	}
}

// close shuts the gate for newcomers. idle is closed when the commands inside have
// left; nil: there are none.
func (g *gate) close() (opens, idle chan struct{}) {
	for {
		g.mu.Lock()
		if other := g.opens; other != nil {
			g.mu.Unlock()
			<-other // a dial is bounded
			continue
		}
		defer g.mu.Unlock()
		g.opens = make(chan struct{})
		if g.inside > 0 {
			g.idle = make(chan struct{})
		}
		return g.opens, g.idle
	}
}
