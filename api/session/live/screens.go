package live

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// Tmux is the tmux server whose sessions are watched; *controlmode.Server is one.
type Tmux interface {
	tmux.Servers
	Current(ctx context.Context) (controlmode.ServerID, error)
	OpenHub(ctx context.Context, on func(controlmode.Notification)) (*controlmode.Hub, error)
}

// Options are the settings of the live screens; the zero value works.
type Options struct {
	// Idle is how long a session stays watched after the last look at it.
	// Negative: nothing is watched, and every look asks tmux. 0: 30 s.
	Idle time.Duration
	// Interval is the least time between two looks for those who wait for a
	// change. 0: 16 ms.
	Interval time.Duration
	// Cache bounds the captures and the output that are kept, in bytes. 0: 64 MiB.
	Cache  int
	Logger *slog.Logger     // nil: no logging
	Now    func() time.Time // nil: time.Now
}

// Explain turns an error of tmux about a session into one of the domain. It may ask tmux
// whether the session is gone; if so, it calls Screens.Forget.
type Explain func(ctx context.Context, ref tmux.Ref, err error) error

// Screens are the live screens of one tmux server. They are live while Run runs; otherwise
// every look asks tmux.
type Screens struct {
	tmux    Tmux
	opts    Options
	log     *slog.Logger
	now     func() time.Time
	explain Explain
	count   counts
	windows *windowIndex

	base       context.Context // of all goroutines; Run ends it
	cancel     context.CancelFunc
	goroutines sync.WaitGroup                  // followers and the like; Run waits for them
	hub        atomic.Pointer[controlmode.Hub] // nil: there is none now
	work       chan struct{}                   // tells the loop that there is work; it holds one
	pauseAfter pauseAfter

	mu      sync.RWMutex // guards the fields below
	byID    map[int64]*watched
	queue   workQueue
	later   workQueue // moved into queue within a second
	serving bool      // the loop runs and has a hub
	closed  bool      // Run has ended, so no goroutine is started
}

// New makes the live screens of a tmux server. Call Run.
func New(server Tmux, o Options, explain Explain) *Screens {
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.Interval <= 0 {
		o.Interval = defaultInterval
	}
	if o.Cache <= 0 {
		o.Cache = 64 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Screens{
		tmux: server, opts: o, log: o.Logger, now: o.Now, explain: explain, windows: newWindowIndex(),
		work: make(chan struct{}, 1), byID: map[int64]*watched{}, queue: newWorkQueue(), later: newWorkQueue(),
	}
	s.base, s.cancel = context.WithCancel(context.Background())
	return s
}

// Screen returns the screen of a pane of a running session: exactly the pane's lines as
// tmux has them. They were captured after Screen was called, or have not changed since, as
// far as tmux reports changes. Screen blocks until tmux answers, for tmux.Timeout at most,
// or until ctx is done. It fails with the errors that Explain returns.
func (s *Screens) Screen(ctx context.Context, ref tmux.Ref, o session.CaptureOptions) (session.Snapshot, error) {
	c, err := s.watch(ref).look(ctx, keyOf(o))
	if err != nil {
		return session.Snapshot{}, err
	}
	return c.snapshot(o)
}

// ActivePane returns the id of a running session's active pane without asking
// tmux; empty: it is not known now.
func (s *Screens) ActivePane(ref tmux.Ref) string {
	if l := s.watch(ref).currentLayout(); l != nil {
		for _, p := range l.panes {
			if p.Active {
				return p.Pane.String()
			}
		}
	}
	return ""
}

// Touch makes the cached captures of a session stale, after a command that may have changed
// it.
func (s *Screens) Touch(id int64) {
	if w := s.find(id); w != nil {
		w.touch()
		w.wake()
	}
}

// Forget drops a session that has ended or was deleted, and wakes its viewers.
func (s *Screens) Forget(id int64) {
	s.mu.Lock()
	w := s.byID[id]
	delete(s.byID, id)
	s.mu.Unlock()
	if w == nil {
		return
	}
	unneeded := s.windows.set(w, nil)
	w.end()
	s.enqueue(func(q *workQueue) { q.unlink = append(q.unlink, unneeded...) })
}

// ReapEnded ends the windows of a killed session that are still linked into the hub. If the
// session is not watched, it does not ask tmux.
func (s *Screens) ReapEnded(ctx context.Context, id int64) {
	if s.find(id) == nil {
		return
	}
	if hub := s.hub.Load(); hub != nil {
		s.reapUnless(ctx, hub, func(controlmode.WindowID) bool { return true })
	}
}

// Watched returns the number of watched sessions.
func (s *Screens) Watched() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byID)
}

// Captures returns how many captures tmux was asked for so far. Hits returns how many looks
// were answered from a cache.
func (s *Screens) Captures() uint64 { return s.count.captures.Load() }

// Hits: see Captures.
func (s *Screens) Hits() uint64 { return s.count.hits.Load() }

// counts are figures of all screens.
type counts struct {
	captures atomic.Uint64 // commands sent to tmux
	hits     atomic.Uint64 // looks answered without one
}

// watch returns the watched session of a running session. It makes one if there is none.
func (s *Screens) watch(ref tmux.Ref) *watched {
	w := s.find(ref.ID)
	if w == nil || !w.ref.Same(ref) {
		w = s.begin(ref)
	}
	w.used.Store(s.now().UnixNano())
	return w
}

// find returns the watched session of a row; nil: it is not watched.
func (s *Screens) find(id int64) *watched {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// begin makes a watched session. The loop links it soon; until then every look at it asks
// tmux.
func (s *Screens) begin(ref tmux.Ref) *watched {
	w := newWatched(s, ref)
	if s.opts.Idle < 0 {
		return w
	}
	w.used.Store(s.now().UnixNano())
	s.mu.Lock()
	old := s.byID[ref.ID]
	if old != nil && old.ref.Same(ref) {
		s.mu.Unlock()
		return old
	}
	s.byID[ref.ID] = w
	s.mu.Unlock()
	if old != nil {
		old.end()
	}
	s.enqueueLink(w)
	return w
}

// all returns the watched sessions, those unused for the longest time first.
func (s *Screens) all() []*watched {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*watched, 0, len(s.byID))
	for _, w := range s.byID {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *watched) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	return all
}

// goRun runs f in a goroutine that Run waits for. f's context is done when Run ends, or
// when the returned function is called. After the end of Run, goRun does nothing.
func (s *Screens) goRun(f func(context.Context)) context.CancelFunc {
	ctx, cancel := context.WithCancel(s.base)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.goroutines.Go(func() {
			defer cancel()
			f(ctx)
		})
	}
	return cancel
}
