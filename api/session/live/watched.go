package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// watched is a running session that somebody looks at.
type watched struct {
	screens *Screens
	ref     tmux.Ref
	used    atomic.Int64 // time of the last look, in Unix nanoseconds

	// layout is nil while the session is not linked into the hub: then every look asks
	// tmux.
	layout atomic.Pointer[layout]
	// revision counts the reports that may have changed the layout.
	revision atomic.Uint64
	// wakeup asks the follower to look; it holds one.
	wakeup chan struct{}

	mu      sync.Mutex         // guards the fields below
	direct  map[string]*screen // by pane: screens that share captures while there is no layout
	holders map[viewKey]int    // number of viewers of each key
	changed chan struct{}      // closed when the viewers should look again
	stop    func()             // ends the follower; nil: there is none
	dropped bool               // it is not kept up to date any more
}

// layout is the panes of a watched session.
type layout struct {
	revision uint64 // of the session when tmux was asked
	panes    []controlmode.PaneInfo
	active   *screen
	byPane   map[controlmode.PaneID]*screen
}

func newWatched(s *Screens, ref tmux.Ref) *watched {
	return &watched{
		screens: s, ref: ref, wakeup: make(chan struct{}, 1),
		direct: map[string]*screen{}, holders: map[viewKey]int{}, changed: make(chan struct{}),
	}
}

// look returns a capture of a pane of the session. On a busy machine the hub's reports may
// wait in the pty for some time, so look has them read first.
func (w *watched) look(ctx context.Context, key viewKey) (*capture, error) {
	if hub := w.screens.hub.Load(); hub != nil {
		hub.CatchUp(ctx)
	}
	if s := w.screen(key.pane); s != nil {
		c, err := s.cacheOf(key.variant).current(ctx)
		if key.pane != "" || !errors.Is(err, controlmode.ErrNotFound) {
			return c, err
		}
		// The active pane has just ended; the session may go on with another.
	}
	s, err := w.directScreen(key.pane)
	if err != nil {
		return nil, err
	}
	c, err := s.cacheOf(key.variant).current(ctx)
	// This capture may be newer than the cached ones.
	w.touch()
	return c, err
}

// currentLayout returns the layout; nil: it is not known, or may have changed.
func (w *watched) currentLayout() *layout {
	l := w.layout.Load()
	if l == nil || l.revision != w.revision.Load() {
		return nil
	}
	return l
}

// screen returns the live screen of a pane; nil: there is none now.
func (w *watched) screen(pane string) *screen {
	l := w.currentLayout()
	if l == nil {
		return nil
	}
	if pane == "" {
		return l.active
	}
	id, err := controlmode.ParsePaneID(pane)
	if err != nil {
		return nil
	}
	return l.byPane[id]
}

// maxDirect bounds the panes whose captures are shared while there is no layout, since
// callers choose their names.
const maxDirect = 64

// directScreen returns a screen that shares captures while there is no layout.
func (w *watched) directScreen(pane string) (*screen, error) {
	target, err := w.ref.Target(pane)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.direct[pane]
	if s == nil {
		s = newScreen(w, target, false)
		if len(w.direct) < maxDirect {
			w.direct[pane] = s
		}
	}
	return s, nil
}

// touch makes every cached capture stale.
func (w *watched) touch() {
	if l := w.layout.Load(); l != nil {
		for _, s := range l.byPane {
			s.changed()
		}
	}
}

// wake asks the follower, if there is one, to look.
func (w *watched) wake() {
	select {
	case w.wakeup <- struct{}{}:
	default: // asked already
	}
}

// newLayout makes the layout of listed panes. It keeps the screens of panes that the session
// had before.
func (w *watched) newLayout(revision uint64, panes []controlmode.PaneInfo) *layout {
	l := &layout{revision: revision, panes: panes, byPane: map[controlmode.PaneID]*screen{}}
	old := w.layout.Load()
	for _, p := range panes {
		var s *screen
		if old != nil {
			s = old.byPane[p.Pane]
		}
		if s == nil {
			s = newScreen(w, controlmode.PaneOf(w.ref.Tmux, p.Pane), true)
		}
		l.byPane[p.Pane] = s
		if p.Active {
			l.active = s
		}
	}
	return l
}

// setLayout sets the session's layout. From now on the hub reports its changes.
func (w *watched) setLayout(l *layout) {
	w.layout.Store(l)
	w.touch() // the hub did not report earlier changes
	w.broadcast()
	w.wake()
}

// clearLayout notes that the session is not linked into the hub any more.
func (w *watched) clearLayout() {
	if l := w.layout.Swap(nil); l != nil {
		for _, s := range l.byPane {
			s.output.gap()
		}
	}
	w.broadcast()
	w.wake()
}

// changes returns a channel that is closed when the viewers should look again.
func (w *watched) changes() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// broadcast wakes all viewers, so that they look again.
func (w *watched) broadcast() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
}

// hold keeps the session watched, and followed, until release. It reports false if the
// session was dropped.
func (w *watched) hold(key viewKey) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dropped {
		return false
	}
	w.holders[key]++
	if w.stop == nil {
		w.stop = w.screens.goRun(w.follow)
	}
	w.wake()
	return true
}

// release undoes a hold.
func (w *watched) release(key viewKey) {
	w.used.Store(w.screens.now().UnixNano())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holders[key]--; w.holders[key] == 0 {
		delete(w.holders, key)
	}
	if len(w.holders) == 0 {
		w.stop()
		w.stop = nil
	}
}

// heldKeys returns the keys that have a viewer.
func (w *watched) heldKeys() []viewKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.holders))
}

// dropUnused marks the session as dropped, unless it has a viewer or was looked at since.
func (w *watched) dropUnused(since time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.holders) > 0 || w.used.Load() > since.UnixNano() {
		return false
	}
	w.dropped = true
	return true
}

// isDropped reports whether the session is not kept up to date any more.
func (w *watched) isDropped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// end marks the session as dropped and wakes its viewers, who find out why.
func (w *watched) end() {
	w.mu.Lock()
	w.dropped = true
	w.mu.Unlock()
	w.clearLayout()
}

// size is the memory that the session's captures and output take, in bytes.
func (w *watched) size() int {
	n := 0
	if l := w.layout.Load(); l != nil {
		for _, s := range l.byPane {
			n += s.size() + s.output.size() + s.repaints.last.Load().size()
		}
	}
	return n
}

// evict drops the session's captures and output.
func (w *watched) evict() {
	if l := w.layout.Load(); l != nil {
		for _, s := range l.byPane {
			s.evict()
			s.output.evict()
			s.repaints.last.Store(nil)
		}
	}
}
