package controlmode

import "sync"

// kept are the panes of which tmux may keep what they print for a Hub: those that
// it has told of or was asked to resume, and that PauseUnlinked has not paused since.
type kept struct {
	mu    sync.Mutex
	panes map[PaneID]struct{}
}

func (k *kept) add(panes ...PaneID) {
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
func (k *kept) takeUnless(stays func(PaneID) bool) (taken []PaneID) {
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
