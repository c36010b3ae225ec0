package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/controlmode"
)

// watched is a running session that somebody looks at.
type watched struct {
	live *live
	rec  *record      // who it is; its status may be another by now
	used atomic.Int64 // when somebody looked last, Unix nanoseconds

	// shape is nil while the hub does not tell of the session: then every
	// look asks tmux.
	shape atomic.Pointer[shape]
	// turns counts what may have made the shape another.
	turns atomic.Uint64
	// stirred asks the follower to look; it holds one.
	stirred chan struct{}

	mu      sync.Mutex         // guards what follows
	plain   map[string]*screen // captures shared while there is no shape
	holders map[subject]int    // those who wait, by what for
	news    chan struct{}      // closed when they should look again
	stop    func()             // ends the follower; nil: there is none
	dropped bool               // it is no longer kept up to date
}

func newWatched(l *live, rec *record) *watched {
	return &watched{
		live: l, rec: rec, stirred: make(chan struct{}, 1),
		plain: map[string]*screen{}, holders: map[subject]int{}, news: make(chan struct{}),
	}
}

// look returns what a pane of the session shows. On a machine with much to do
// what the hub has to tell may have come some time ago: it is heard first.
func (w *watched) look(ctx context.Context, at subject) (*capture, error) {
	if hub := w.live.hub.Load(); hub != nil {
		hub.CatchUp(ctx)
	}
	if s := w.screen(at.pane); s != nil {
		c, err := s.form(at.form).current(ctx)
		if at.pane != "" || !errors.Is(err, controlmode.ErrNotFound) {
			return c, err
		}
		// The active pane has just ended; the session may go on with another.
	}
	s, err := w.plainScreen(at.pane)
	if err != nil {
		return nil, err
	}
	c, err := s.form(at.form).current(ctx)
	// What was shown now may be newer than what is cached.
	w.touch()
	return c, err
}

// known is the shape; nil: it is not known, or may be another by now.
func (w *watched) known() *shape {
	sh := w.shape.Load()
	if sh == nil || sh.turn != w.turns.Load() {
		return nil
	}
	return sh
}

// screen is the live screen of a pane; nil: there is none just now.
func (w *watched) screen(pane string) *screen {
	sh := w.known()
	if sh == nil {
		return nil
	}
	if pane == "" {
		return sh.active
	}
	id, err := controlmode.ParsePaneID(pane)
	if err != nil {
		return nil
	}
	return sh.byPane[id]
}

// maxPlain bounds the panes whose captures are shared: callers name them.
const maxPlain = 64

// plainScreen shares captures while nothing tells of changes.
func (w *watched) plainScreen(pane string) (*screen, error) {
	target, err := w.rec.target(pane)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.plain[pane]
	if s == nil {
		s = w.live.newScreen(w, target, false)
		if len(w.plain) < maxPlain {
			w.plain[pane] = s
		}
	}
	return s, nil
}

// touch makes every cached capture count as old.
func (w *watched) touch() {
	if sh := w.shape.Load(); sh != nil {
		for _, s := range sh.byPane {
			s.changed()
		}
	}
}

// stir asks the follower, if there is one, to look.
func (w *watched) stir() {
	select {
	case w.stirred <- struct{}{}:
	default: // asked already
	}
}

// newShape is the shape with the panes that tmux listed. Screens of panes that
// the session had before go on.
func (w *watched) newShape(turn uint64, panes []controlmode.PaneInfo) *shape {
	sh := &shape{turn: turn, panes: panes, byPane: map[controlmode.PaneID]*screen{}}
	old := w.shape.Load()
	for _, p := range panes {
		var s *screen
		if old != nil {
			s = old.byPane[p.Pane]
		}
		if s == nil {
			s = w.live.newScreen(w, controlmode.PaneOf(w.rec.tmux, p.Pane), true)
		}
		sh.byPane[p.Pane] = s
		if p.Active {
			sh.active = s
		}
	}
	return sh
}

// show makes a shape the session's, which the hub tells of from now on.
func (w *watched) show(sh *shape) {
	w.shape.Store(sh)
	w.touch() // nothing told of what changed before
	w.announce()
	w.stir()
}

// hide notes that the hub does not tell of the session any more.
func (w *watched) hide() {
	if sh := w.shape.Swap(nil); sh != nil {
		for _, s := range sh.byPane {
			s.output.gap()
		}
	}
	w.announce()
	w.stir()
}

// changes is closed when whoever waits should look again.
func (w *watched) changes() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.news
}

// announce lets everybody who waits look again.
func (w *watched) announce() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.news)
	w.news = make(chan struct{})
}

// hold keeps the session watched, and followed, until release. It fails when
// the session has been dropped.
func (w *watched) hold(at subject) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dropped {
		return false
	}
	w.holders[at]++
	if w.stop == nil {
		w.stop = w.live.goFollow(w)
	}
	w.stir()
	return true
}

// release undoes a hold.
func (w *watched) release(at subject) {
	w.used.Store(time.Now().UnixNano())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holders[at]--; w.holders[at] == 0 {
		delete(w.holders, at)
	}
	if len(w.holders) == 0 {
		w.stop()
		w.stop = nil
	}
}

// held is what somebody waits for.
func (w *watched) held() []subject {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.holders))
}

// drop ends the watching, unless somebody waits or has looked since.
func (w *watched) drop(unusedSince time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.holders) > 0 || w.used.Load() > unusedSince.UnixNano() {
		return false
	}
	w.dropped = true
	return true
}

// gone reports whether the session is no longer kept up to date.
func (w *watched) gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// end ends the watching and lets everybody who waits find out why.
func (w *watched) end() {
	w.mu.Lock()
	w.dropped = true
	w.mu.Unlock()
	w.hide()
}

// weight is what is kept of the session, in bytes.
func (w *watched) weight() int {
	n := 0
	if sh := w.shape.Load(); sh != nil {
		for _, s := range sh.byPane {
			n += s.size() + s.output.size() + s.pictures.cut.Load().size()
		}
	}
	return n
}

// shed drops what is kept of the session.
func (w *watched) shed() {
	if sh := w.shape.Load(); sh != nil {
		for _, s := range sh.byPane {
			s.shed()
			s.output.forget()
			s.pictures.cut.Store(nil)
		}
	}
}
