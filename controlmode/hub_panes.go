package controlmode

import (
	"sync"
)

// cuts are the panes that a Hub pauses and resumes around a capture. From tmux
// 3.8 on it hears of that (see pausesInBlocks), and must not take it for tmux's
// own doing: that would be a loss of output, to be answered by another capture.
// A pause of tmux's own that comes before such a capture is no news either.
type selfPaused struct {
	mu    sync.Mutex
	panes map[PaneID]int // how many captures of each are under way
}

// begin notes that a pane is about to be cut; end may be called more than once.
func (c *selfPaused) begin(p PaneID) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.panes == nil {
		c.panes = map[PaneID]int{}
	}
	c.panes[p]++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.panes[p]--; c.panes[p] == 0 {
			delete(c.panes, p)
		}
	})
}

func (c *selfPaused) contains(p PaneID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.panes[p] > 0
}

// keepFrom is on, which may be nil and does not hear of cuts.
func (c *selfPaused) filter(on func(Notification)) func(Notification) {
	return func(n Notification) {
		switch n := n.(type) {
		case Pause:
			if c.contains(n.Pane) {
				return
			}
		case Continue:
			if c.contains(n.Pane) {
				return
			}
		}
		on(n)
	}
}

// kept are the panes of which tmux may keep what they print for a Hub: those that
// it has told of or was asked to resume, and that PauseUnlinked has not paused since.
type bufferingPanes struct {
	mu    sync.Mutex
	panes map[PaneID]struct{}
}

func (k *bufferingPanes) add(panes ...PaneID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.panes == nil {
		k.panes = map[PaneID]struct{}{}
	}
	for _, p := range panes {
		k.panes[p] = struct{}{}
	}
}

// takeUnless removes the panes that are not to stay, and returns them.
func (k *bufferingPanes) removeUnless(stays func(PaneID) bool) (taken []PaneID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p := range k.panes {
		if !stays(p) {
			taken = append(taken, p)
			delete(k.panes, p)
		}
	}
	return taken
}
