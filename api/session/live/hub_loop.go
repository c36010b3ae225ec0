package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// listers bounds the sessions whose panes are listed at the same time.
const listers = 8

// Run keeps a hub open, and the watched sessions linked into it. It blocks until ctx is
// done and every goroutine of s has ended, and returns ctx's error.
func (s *Screens) Run(ctx context.Context) error {
	defer s.goroutines.Wait()
	defer s.close()
	if s.opts.Idle < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	for wait := hubRetry; ; wait = min(2*wait, maxHubRetry) {
		hub, err := s.tmux.OpenHub(ctx, s.handleNotification)
		if err == nil {
			wait = hubRetry
			s.serve(ctx, hub)
			hub.Close()
			err = hub.Err()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.Warn("screens are not live for a moment", "error", err)
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

// close drops all watched sessions and cancels every goroutine, at the end of Run.
func (s *Screens) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	for _, w := range s.all() {
		s.Forget(w.ref.ID)
	}
}

// serve keeps the watched sessions linked into one hub, until the hub is lost. It is the
// loop: it alone links and unlinks windows, and pauses and resumes panes.
func (s *Screens) serve(ctx context.Context, hub *controlmode.Hub) {
	s.pauseAfter.long.Store(false)
	s.hub.Store(hub)
	s.setServing()
	defer s.hubLost()
	for _, w := range s.all() {
		s.enqueueLink(w)
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
			s.dropUnused(ctx, hub)
			s.unlink(ctx, hub, nil) // panes may have been resumed since
			s.shortenPauseAfter(ctx, hub)
			s.shrink()
			s.promote()
		case <-s.work:
			s.doQueued(ctx, hub)
		}
	}
}

func (s *Screens) setServing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = true
}

// hubLost notes that the hub is gone. Until there is another, every look asks tmux.
func (s *Screens) hubLost() {
	s.hub.Store(nil)
	s.promote()
	q := s.takeQueue(false) // the next hub links everything anew
	for _, w := range s.windows.clear() {
		w.clearLayout()
	}
	var calls sync.WaitGroup
	for _, call := range q.calls {
		calls.Go(func() { call(nil) })
	}
	calls.Wait()
}

// doQueued does all that is queued.
func (s *Screens) doQueued(ctx context.Context, hub *controlmode.Hub) {
	q := s.takeQueue(true)
	if q.unknownWindows {
		s.findUnknownWindows(ctx, q.link)
	}
	for _, f := range q.floods {
		s.pausePane(ctx, hub, f)
	}
	for _, call := range q.calls {
		call(hub)
	}
	s.link(ctx, hub, q.link)
	s.unlink(ctx, hub, q.unlink)
	if q.orphans {
		s.reap(ctx, hub)
	}
}

// reap ends the windows of ended sessions that are linked only into the hub, and unlinks
// the windows that no watched session has: a link whose command timed out may exist.
func (s *Screens) reap(ctx context.Context, hub *controlmode.Hub) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	s.reapUnless(ctx, hub, func(id controlmode.WindowID) bool { return len(s.windows.with(id)) > 0 })
}

func (s *Screens) reapUnless(ctx context.Context, hub *controlmode.Hub, needed func(controlmode.WindowID) bool) {
	if _, err := hub.PruneWindows(ctx, needed); err != nil {
		s.enqueueLater(func(q *workQueue) { q.orphans = true })
	}
}

// findUnknownWindows adds the sessions that have a window which is not linked.
func (s *Screens) findUnknownWindows(ctx context.Context, link map[*watched]bool) {
	if s.Watched() == 0 {
		return
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	on, err := s.tmux.Current(ctx)
	var panes []controlmode.PaneInfo
	if err == nil {
		panes, err = s.tmux.On(on).ListAllPanes(ctx)
	}
	if err != nil {
		s.enqueueLater(func(q *workQueue) { q.unknownWindows = true })
		return
	}
	for _, p := range panes {
		if w := s.windows.session(p.Session); w != nil && !s.windows.has(w, p.Window) {
			w.revision.Add(1)
			link[w] = true
		}
	}
}

// listing is the layout of a session that tmux has listed, or the error.
type listing struct {
	w      *watched
	layout *layout
	err    error
}

// link links the windows of sessions, a few sessions at a time. In between it makes the
// calls that somebody waits for. It gives up when the hub is gone: the next one links
// everything.
func (s *Screens) link(ctx context.Context, hub *controlmode.Hub, sessions map[*watched]bool) {
	for some := range slices.Chunk(slices.Collect(maps.Keys(sessions)), listers) {
		for pending := some; len(pending) > 0; {
			if ctx.Err() != nil || hub.Err() != nil {
				return
			}
			pending = s.linkListed(ctx, hub, s.list(ctx, hub, pending))
		}
		for _, call := range s.takeCalls() {
			call(hub)
		}
	}
}

// linkListed links the windows of the sessions that were listed, and sets their layouts.
// It returns the sessions of which a window was linked. They have to be listed once more:
// tmux did not report their changes before.
func (s *Screens) linkListed(ctx context.Context, hub *controlmode.Hub, listed []listing) (again []*watched) {
	for _, l := range listed {
		linked, err := false, l.err
		if err == nil {
			linked, err = s.linkWindows(ctx, hub, l.w, l.layout)
		}
		switch {
		case err != nil:
			s.linkFailed(ctx, hub, l.w, err)
		case linked:
			again = append(again, l.w)
		}
	}
	return again
}

// isOn reports whether a session is still watched, and on the hub's tmux server.
func (s *Screens) isOn(hub *controlmode.Hub, w *watched) bool {
	return w.ref.Server == hub.Server() && s.find(w.ref.ID) == w
}

// list asks tmux for the layouts of sessions, of all at the same time. It leaves out those
// that are not watched any more.
func (s *Screens) list(ctx context.Context, hub *controlmode.Hub, sessions []*watched) []listing {
	sessions = slices.DeleteFunc(sessions, func(w *watched) bool { return !s.isOn(hub, w) })
	listed := make([]listing, len(sessions))
	var group errgroup.Group
	for i, w := range sessions {
		group.Go(func() error {
			ctx, cancel := tmux.Context(ctx)
			defer cancel()
			revision := w.revision.Load()
			panes, err := w.ref.Client(s.tmux).ListPanes(ctx, w.ref.Tmux)
			listed[i] = listing{w: w, err: err}
			if err == nil {
				listed[i].layout = w.newLayout(revision, panes)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in listed
	return listed
}

// linkFailed queues a session to be linked again, unless it or the hub is gone.
func (s *Screens) linkFailed(ctx context.Context, hub *controlmode.Hub, w *watched, err error) {
	switch {
	case errors.Is(err, controlmode.ErrNotFound), errors.Is(err, controlmode.ErrServerGone):
		// The session has ended, or only a window; a look finds out which.
		ctx, cancel := tmux.Context(ctx)
		defer cancel()
		if _, err := w.look(ctx, viewKey{}); err == nil {
			s.enqueueLink(w)
		}
		w.broadcast()
	case hub.Err() != nil: // the next hub links everything
	default:
		s.log.Warn("a session's screen is not live", "session", w.ref.ID, "error", err)
		s.enqueueLater(func(q *workQueue) { q.link[w], q.orphans = true, true })
	}
}

// linkWindows links the windows of a layout, and sets it as the session's layout. linked: it
// has linked a window, and the session is still watched.
func (s *Screens) linkWindows(ctx context.Context, hub *controlmode.Hub, w *watched, l *layout) (linked bool, err error) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	done := map[controlmode.WindowID]bool{}
	for _, p := range l.panes {
		if done[p.Window] || s.windows.has(w, p.Window) {
			continue
		}
		if err := hub.Link(ctx, p.Window); err != nil {
			return false, err
		}
		done[p.Window], linked = true, true
	}
	if err := s.resumeLinked(ctx, hub, l); err != nil {
		return false, err
	}
	unneeded := s.windows.set(w, l)
	if s.find(w.ref.ID) != w { // it has ended meanwhile
		unneeded = append(unneeded, s.windows.set(w, nil)...)
		linked = false
	} else {
		w.setLayout(l)
	}
	s.unlink(ctx, hub, unneeded)
	return linked, nil
}

// resumeLinked resumes those panes of a layout that unlink has paused.
func (s *Screens) resumeLinked(ctx context.Context, hub *controlmode.Hub, l *layout) error {
	var panes []controlmode.PaneID
	for _, p := range l.panes {
		if !s.windows.hasPane(p.Pane) {
			panes = append(panes, p.Pane)
		}
	}
	if len(panes) == 0 {
		return nil
	}
	return hub.Resume(ctx, nil, panes...)
}

// unlink unlinks windows, except those that are needed again. It also pauses the panes that
// are in no linked window any more, such as panes that were moved: else tmux would keep
// their output for the hub.
func (s *Screens) unlink(ctx context.Context, hub *controlmode.Hub, windows []controlmode.WindowID) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	for _, id := range windows {
		if len(s.windows.with(id)) > 0 {
			continue
		}
		if err := hub.Unlink(ctx, id); err != nil && hub.Err() == nil {
			s.log.Warn("a window stays linked into the hub for now", "window", id.String(), "error", err)
			s.enqueueLater(func(q *workQueue) { q.orphans = true })
		}
	}
	if err := hub.PauseUnlinked(ctx, s.windows.hasPane); err != nil && hub.Err() == nil {
		s.log.Warn("tmux keeps the output of panes that nobody looks at for now", "error", err)
	}
}

// dropUnused drops the watched sessions that nobody has looked at for Options.Idle.
func (s *Screens) dropUnused(ctx context.Context, hub *controlmode.Hub) {
	since := s.now().Add(-s.opts.Idle)
	for _, w := range s.all() {
		if w.used.Load() > since.UnixNano() {
			return // the rest were used later
		}
		if w.dropUnused(since) {
			s.drop(ctx, hub, w)
		}
	}
}

func (s *Screens) drop(ctx context.Context, hub *controlmode.Hub, w *watched) {
	s.mu.Lock()
	if s.byID[w.ref.ID] == w {
		delete(s.byID, w.ref.ID)
	}
	s.mu.Unlock()
	unneeded := s.windows.set(w, nil)
	w.clearLayout()
	s.unlink(ctx, hub, unneeded)
}

// shrink evicts the captures and the output of sessions, those unused for the longest time
// first, until the rest fits into Options.Cache.
func (s *Screens) shrink() {
	all := s.all()
	size := 0
	for _, w := range all {
		size += w.size()
	}
	for _, w := range all {
		if size <= s.opts.Cache {
			return
		}
		size -= w.size()
		w.evict()
	}
}
