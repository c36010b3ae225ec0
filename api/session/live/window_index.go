package live

import (
	"slices"
	"sync"

	"interplexer/controlmode"
)

// windowIndex finds the watched sessions and screens of a window or pane that the hub
// reports. A window may be linked into several sessions.
type windowIndex struct {
	mu       sync.RWMutex // guards the fields below
	layouts  map[*watched]*layout
	sessions map[controlmode.SessionID]*watched
	windows  map[controlmode.WindowID][]*watched
	panes    map[controlmode.PaneID][]*screen
}

func newWindowIndex() *windowIndex {
	x := new(windowIndex)
	x.clear()
	return x
}

// clear forgets everything and returns the sessions whose layouts were known.
func (x *windowIndex) clear() (all []*watched) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for w := range x.layouts {
		all = append(all, w)
	}
	x.layouts = map[*watched]*layout{}
	x.sessions = map[controlmode.SessionID]*watched{}
	x.windows = map[controlmode.WindowID][]*watched{}
	x.panes = map[controlmode.PaneID][]*screen{}
	return all
}

// set replaces the layout of a session; with nil it removes it. It returns the windows that
// no watched session has any more.
func (x *windowIndex) set(w *watched, l *layout) (unneeded []controlmode.WindowID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.layouts[w]
	if old != nil {
		x.remove(w, old)
	}
	if l != nil {
		x.add(w, l)
	}
	if old == nil {
		return nil
	}
	for _, p := range old.panes {
		if len(x.windows[p.Window]) == 0 && !slices.Contains(unneeded, p.Window) {
			unneeded = append(unneeded, p.Window)
		}
	}
	return unneeded
}

// remove undoes add. The caller holds mu.
func (x *windowIndex) remove(w *watched, old *layout) {
	delete(x.layouts, w)
	if x.sessions[w.ref.Tmux] == w {
		delete(x.sessions, w.ref.Tmux)
	}
	for _, p := range old.panes {
		x.windows[p.Window] = slices.DeleteFunc(x.windows[p.Window], func(other *watched) bool { return other == w })
		if len(x.windows[p.Window]) == 0 {
			delete(x.windows, p.Window)
		}
		mine := old.byPane[p.Pane]
		x.panes[p.Pane] = slices.DeleteFunc(x.panes[p.Pane], func(other *screen) bool { return other == mine })
		if len(x.panes[p.Pane]) == 0 {
			delete(x.panes, p.Pane)
		}
	}
}

// add notes a session's layout. The caller holds mu.
func (x *windowIndex) add(w *watched, l *layout) {
	x.layouts[w] = l
	x.sessions[w.ref.Tmux] = w
	for _, p := range l.panes {
		if !slices.Contains(x.windows[p.Window], w) {
			x.windows[p.Window] = append(x.windows[p.Window], w)
		}
		s := l.byPane[p.Pane]
		if others := x.panes[p.Pane]; len(others) > 0 && others[0].paused.Load() {
			s.paused.Store(true) // see pausePane
		}
		x.panes[p.Pane] = append(x.panes[p.Pane], s)
	}
}

// each calls f for every screen of a pane. f must not block.
func (x *windowIndex) each(p controlmode.PaneID, f func(*screen)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range x.panes[p] {
		f(s)
	}
}

// with returns the sessions that have a window.
func (x *windowIndex) with(id controlmode.WindowID) []*watched {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Clone(x.windows[id])
}

// session returns the watched session of a tmux id; nil: none.
func (x *windowIndex) session(id controlmode.SessionID) *watched {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.sessions[id]
}

// has reports whether a session's layout has a window.
func (x *windowIndex) has(w *watched, id controlmode.WindowID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Contains(x.windows[id], w)
}

// hasPane reports whether a watched session has a pane.
func (x *windowIndex) hasPane(p controlmode.PaneID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.panes[p]) > 0
}
