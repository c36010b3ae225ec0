package session

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
)

const (
	// hubRetry is how soon a hub that failed is opened again; it grows.
	hubRetry    = 50 * time.Millisecond
	maxHubRetry = 2 * time.Second
	// linkers is how many sessions are linked at once.
	linkers = 8
)

// run keeps a hub open, and what is watched linked into it, until ctx is done.
func (l *live) run(ctx context.Context) error {
	defer l.followers.Wait()
	defer l.endAll()
	if l.opts.Idle < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	for wait := hubRetry; ; wait = min(2*wait, maxHubRetry) {
		hub, err := l.tmux.OpenHub(ctx, l.told)
		if err == nil {
			wait = hubRetry
			l.serve(ctx, hub)
			hub.Close()
			err = hub.Err()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.log.Warn("screens are not live for a moment", "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// serve keeps what is watched linked into one hub for as long as it lives.
func (l *live) serve(ctx context.Context, hub *controlmode.Hub) {
	l.patience.long.Store(false)
	l.hub.Store(hub)
	defer l.lost()
	for _, w := range l.all() {
		l.linkSoon(w)
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hub.Lost():
			return
		case <-second.C:
			l.dropUnused(ctx, hub)
			l.unlinkNow(ctx, hub, nil) // panes may have been resumed since
			l.runsCalm(ctx, hub)
			l.shrink()
			l.ripen()
		case <-l.work:
			l.catchUp(ctx, hub)
		}
	}
}

// lost notes that the hub is gone: until there is another, looks ask tmux.
func (l *live) lost() {
	l.hub.Store(nil)
	l.ripen()
	l.take()
	for _, w := range l.links.clear() {
		w.hide()
	}
}

// all are the watched sessions, the longest unused first.
func (l *live) all() []*watched {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]*watched, 0, len(l.byID))
	for _, w := range l.byID {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *watched) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	return all
}

// endAll ends the watching at the end.
func (l *live) endAll() {
	l.mu.Lock()
	l.over = true
	close(l.quit)
	l.mu.Unlock()
	for _, w := range l.all() {
		l.ended(w.rec.row.ID)
		w.mu.Lock()
		if w.stop != nil {
			w.stop()
		}
		w.mu.Unlock()
	}
}

// catchUp does what is due.
func (l *live) catchUp(ctx context.Context, hub *controlmode.Hub) {
	d := l.take()
	if d.strangers {
		l.findStrangers(ctx, d.link)
	}
	var group errgroup.Group
	group.SetLimit(linkers)
	for _, f := range d.floods {
		group.Go(func() error { l.calm(ctx, hub, f); return nil })
	}
	for w := range d.link {
		group.Go(func() error { l.link(ctx, hub, w); return nil })
	}
	_ = group.Wait() // of no errors
	l.unlinkNow(ctx, hub, d.unlink)
	if d.orphans {
		l.reap(ctx, hub)
	}
}

// reap ends what lives on in the hub of sessions that have ended, and unlinks
// what is of no watched session: a command whose answer did not come in time may
// have linked it.
func (l *live) reap(ctx context.Context, hub *controlmode.Hub) {
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	l.linking.Lock()
	defer l.linking.Unlock()
	l.reapUnless(ctx, hub, func(id controlmode.WindowID) bool { return len(l.links.of(id)) > 0 })
}

// reapEnded only ends what lives on, and waits for nobody.
func (l *live) reapEnded(ctx context.Context) {
	if hub := l.hub.Load(); hub != nil {
		l.reapUnless(ctx, hub, func(controlmode.WindowID) bool { return true })
	}
}

func (l *live) reapUnless(ctx context.Context, hub *controlmode.Hub, needed func(controlmode.WindowID) bool) {
	if _, err := hub.Reap(ctx, needed); err != nil {
		l.later(func(d *due) { d.orphans = true })
	}
}

// findStrangers adds the sessions that have a window which is not linked.
func (l *live) findStrangers(ctx context.Context, link map[*watched]bool) {
	all := l.all()
	if len(all) == 0 {
		return
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	on, err := l.tmux.Current(ctx)
	var panes []controlmode.PaneInfo
	if err == nil {
		panes, err = l.tmux.On(on).ListAllPanes(ctx)
	}
	if err != nil {
		l.later(func(d *due) { d.strangers = true })
		return
	}
	for _, p := range panes {
		if w := l.links.session(p.Session); w != nil && !l.links.has(w, p.Window) {
			w.turns.Add(1)
			link[w] = true
		}
	}
}

// link finds out a session's shape and links its windows.
func (l *live) link(ctx context.Context, hub *controlmode.Hub, w *watched) {
	if w.rec.server != hub.Server() || l.find(w.rec.row.ID) != w {
		return
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	var err error
	for linked := true; linked && err == nil; { // nothing told of what changed before it was linked
		turn := w.turns.Load()
		var panes []controlmode.PaneInfo
		if panes, err = w.rec.on(l.tmux).ListPanes(ctx, w.rec.tmux); err == nil {
			linked, err = l.linkWindows(ctx, hub, w, w.newShape(turn, panes))
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, controlmode.ErrNotFound), errors.Is(err, controlmode.ErrServerGone):
		// The session has ended, or only a window; a look tells which.
		if _, err := w.look(ctx, subject{}); err == nil {
			l.linkSoon(w)
		}
		w.announce()
	case hub.Err() != nil: // the next hub links everything
	default:
		l.log.Warn("a session's screen is not live", "session", w.rec.row.ID, "error", err)
		l.later(func(d *due) { d.link[w], d.orphans = true, true })
	}
}

// linkWindows links the windows of a shape and makes it the session's. linked
// reports whether there were any to link, of a session that is still watched.
func (l *live) linkWindows(ctx context.Context, hub *controlmode.Hub, w *watched, sh *shape) (linked bool, err error) {
	l.linking.Lock()
	defer l.linking.Unlock()
	done := map[controlmode.WindowID]bool{}
	for _, p := range sh.panes {
		if done[p.Window] || l.links.has(w, p.Window) {
			continue
		}
		if err := hub.Link(ctx, p.Window); err != nil {
			return false, err
		}
		done[p.Window], linked = true, true
	}
	if err := l.resumeLinked(ctx, hub, sh); err != nil {
		return false, err
	}
	unneeded := l.links.set(w, sh)
	if l.find(w.rec.row.ID) != w { // it has ended meanwhile
		unneeded = append(unneeded, l.links.set(w, nil)...)
		linked = false
	} else {
		w.show(sh)
	}
	l.unlink(ctx, hub, unneeded)
	return linked, nil
}

// unlink unlinks windows, but what is needed again, and sees to it that tmux keeps
// nothing for the hub of panes that are in no linked window any more, be it that they
// were moved elsewhere. The caller holds linking.
func (l *live) unlink(ctx context.Context, hub *controlmode.Hub, windows []controlmode.WindowID) {
	for _, id := range windows {
		if len(l.links.of(id)) > 0 {
			continue
		}
		if err := hub.Unlink(ctx, id); err != nil && hub.Err() == nil {
			l.log.Warn("a window stays linked into the hub for now", "window", id.String(), "error", err)
			l.later(func(d *due) { d.orphans = true })
		}
	}
	if err := hub.PauseUnlinked(ctx, l.links.needs); err != nil && hub.Err() == nil {
		l.log.Warn("tmux keeps the output of panes that nobody looks at for now", "error", err)
	}
}

// unlinkNow is unlink for who does not hold linking.
func (l *live) unlinkNow(ctx context.Context, hub *controlmode.Hub, windows []controlmode.WindowID) {
	l.linking.Lock()
	defer l.linking.Unlock()
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	l.unlink(ctx, hub, windows)
}

// resumeLinked undoes what unlink did to the panes of a shape that nobody looked at.
// The caller holds linking.
func (l *live) resumeLinked(ctx context.Context, hub *controlmode.Hub, sh *shape) error {
	var panes []controlmode.PaneID
	for _, p := range sh.panes {
		if !l.links.needs(p.Pane) {
			panes = append(panes, p.Pane)
		}
	}
	if len(panes) == 0 {
		return nil
	}
	return hub.Resume(ctx, nil, panes...)
}

// dropUnused ends the watching of what nobody has looked at for Idle.
func (l *live) dropUnused(ctx context.Context, hub *controlmode.Hub) {
	since := time.Now().Add(-l.opts.Idle)
	for _, w := range l.all() {
		if w.used.Load() > since.UnixNano() {
			return // and so have the rest
		}
		if w.drop(since) {
			l.dropOne(ctx, hub, w)
		}
	}
}

func (l *live) dropOne(ctx context.Context, hub *controlmode.Hub, w *watched) {
	l.mu.Lock()
	if l.byID[w.rec.row.ID] == w {
		delete(l.byID, w.rec.row.ID)
	}
	l.mu.Unlock()
	unneeded := l.links.set(w, nil)
	w.hide()
	l.unlinkNow(ctx, hub, unneeded)
}

// shrink drops what is kept of the longest unused until the rest fits.
func (l *live) shrink() {
	all := l.all()
	weight := 0
	for _, w := range all {
		weight += w.weight()
	}
	for _, w := range all {
		if weight <= l.opts.Cache {
			return
		}
		weight -= w.weight()
		w.shed()
	}
}
