package session

import (
	"slices"
	"sync"

	"interplexer/controlmode"
)

// shape is which panes a watched session has.
type shape struct {
	turn   uint64 // of the session when tmux was asked
	panes  []controlmode.PaneInfo
	active *screen
	byPane map[controlmode.PaneID]*screen
}

// links says whom what the hub tells is about. A window may be linked into
// several sessions.
type links struct {
	mu       sync.RWMutex // guards what follows
	shapes   map[*watched]*shape
	sessions map[controlmode.SessionID]*watched
	windows  map[controlmode.WindowID][]*watched
	panes    map[controlmode.PaneID][]*screen
}

func newLinks() *links {
	k := new(links)
	k.clear()
	return k
}

// clear forgets everything and returns whose shapes were known.
func (k *links) clear() (all []*watched) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for w := range k.shapes {
		all = append(all, w)
	}
	k.shapes = map[*watched]*shape{}
	k.sessions = map[controlmode.SessionID]*watched{}
	k.windows = map[controlmode.WindowID][]*watched{}
	k.panes = map[controlmode.PaneID][]*screen{}
	return all
}

// set replaces the shape of a session, nil by none, and returns the windows
// that nobody needs any more.
func (k *links) set(w *watched, sh *shape) (unneeded []controlmode.WindowID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.shapes[w]
	if old != nil {
		k.remove(w, old)
	}
	if sh != nil {
		k.add(w, sh)
	}
	if old == nil {
		return nil
	}
	for _, p := range old.panes {
		if len(k.windows[p.Window]) == 0 && !slices.Contains(unneeded, p.Window) {
			unneeded = append(unneeded, p.Window)
		}
	}
	return unneeded
}

// remove undoes add. The caller holds mu.
func (k *links) remove(w *watched, old *shape) {
	delete(k.shapes, w)
	if k.sessions[w.rec.tmux] == w {
		delete(k.sessions, w.rec.tmux)
	}
	for _, p := range old.panes {
		k.windows[p.Window] = slices.DeleteFunc(k.windows[p.Window], func(other *watched) bool { return other == w })
		if len(k.windows[p.Window]) == 0 {
			delete(k.windows, p.Window)
		}
		mine := old.byPane[p.Pane]
		k.panes[p.Pane] = slices.DeleteFunc(k.panes[p.Pane], func(other *screen) bool { return other == mine })
		if len(k.panes[p.Pane]) == 0 {
			delete(k.panes, p.Pane)
		}
	}
}

// add notes a session's shape. The caller holds mu.
func (k *links) add(w *watched, sh *shape) {
	k.shapes[w] = sh
	k.sessions[w.rec.tmux] = w
	for _, p := range sh.panes {
		if !slices.Contains(k.windows[p.Window], w) {
			k.windows[p.Window] = append(k.windows[p.Window], w)
		}
		s := sh.byPane[p.Pane]
		if others := k.panes[p.Pane]; len(others) > 0 && others[0].deaf.Load() {
			s.deaf.Store(true) // see calm
		}
		k.panes[p.Pane] = append(k.panes[p.Pane], s)
	}
}

// each calls f for every screen of a pane. f must not block.
func (k *links) each(p controlmode.PaneID, f func(*screen)) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, s := range k.panes[p] {
		f(s)
	}
}

// of are the sessions that have a window.
func (k *links) of(id controlmode.WindowID) []*watched {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Clone(k.windows[id])
}

// session is the watched session of that id; nil: none.
func (k *links) session(id controlmode.SessionID) *watched {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.sessions[id]
}

// has reports whether a session's shape has a window.
func (k *links) has(w *watched, id controlmode.WindowID) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Contains(k.windows[id], w)
}

// needs reports whether a watched session has a pane.
func (k *links) needs(p controlmode.PaneID) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return len(k.panes[p]) > 0
}
