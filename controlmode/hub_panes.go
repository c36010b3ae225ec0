package controlmode

import (
	"sync"
)

// selfPaused are the panes that a Hub pauses and resumes itself, around a capture.
// From tmux 3.8 on, tmux reports these pauses to the hub (see pausesInBlocks). They
// must not be taken for pauses of tmux's own, which mean a loss of output and call
// for another capture. A pause of tmux's own before such a capture does not matter
// either.
type selfPaused struct {
	mu    sync.Mutex
	panes map[PaneID]int // the number of captures under way, by pane
}

// begin notes that a pane is about to be paused. end may be called more than once.
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

// contains reports whether a capture of the pane is under way.
func (c *selfPaused) contains(p PaneID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.panes[p] > 0
}

// filter wraps on so that it is not called for these pauses.
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

// bufferingPanes are the panes for which tmux may buffer output for a Hub: those
// whose output it has sent or was asked to resume, and that PauseUnlinked has not
// paused since.
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

// removeUnless removes the panes that are not to stay, and returns them.
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
