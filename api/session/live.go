package session

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/controlmode"
)

// LiveOptions are the settings of the live screens; the zero value works.
type LiveOptions struct {
	// Idle is how long a session stays watched after the last look at it.
	// Negative: nothing is watched, and every look asks tmux. 0: 30 s.
	Idle time.Duration
	// Interval is the least time between two looks for those who wait for a
	// change. 0: 16 ms.
	Interval time.Duration
	// Cache bounds the captures and the output kept, in bytes. 0: 64 MiB.
	Cache int
}

// live keeps the screens of watched sessions up to date from what the hub
// tells, and wakes whoever waits for a change.
type live struct {
	tmux  Tmux
	opts  LiveOptions
	log   *slog.Logger
	fault func(context.Context, *record, error) error // explains an error of tmux's
	count counts
	links *links

	followers sync.WaitGroup
	linking   sync.Mutex                      // held while windows are linked or unlinked
	hub       atomic.Pointer[controlmode.Hub] // nil: there is none just now
	work      chan struct{}                   // tells run that something is due; it holds one
	patience  patience

	mu   sync.RWMutex // guards what follows
	byID map[int64]*watched
	due  due
	next due           // due in a second
	over bool          // run has ended
	quit chan struct{} // closed then
}

func newLive(tmux Tmux, o LiveOptions, log *slog.Logger, fault func(context.Context, *record, error) error) *live {
	if o.Idle == 0 {
		o.Idle = 30 * time.Second
	}
	if o.Interval <= 0 {
		o.Interval = 16 * time.Millisecond
	}
	if o.Cache <= 0 {
		o.Cache = 64 << 20
	}
	return &live{
		tmux: tmux, opts: o, log: log, fault: fault, links: newLinks(), work: make(chan struct{}, 1), quit: make(chan struct{}),
		byID: map[int64]*watched{}, due: newDue(), next: newDue(),
	}
}

// newScreen is a screen whose captures go through the Server's connection, not
// the hub's, where they would wait behind the output.
func (l *live) newScreen(w *watched, target controlmode.Target, isLive bool) *screen {
	s := &screen{live: isLive, owner: w, counts: &l.count}
	s.cache.of = s
	s.capture = func(ctx context.Context) (shot, error) {
		text, err := w.rec.on(l.tmux).CapturePane(ctx, target)
		if err != nil {
			return shot{}, l.fault(ctx, w.rec, err)
		}
		return shot{text: text}, nil
	}
	s.forms.capture = func(ctx context.Context, f form) (shot, error) {
		got, err := f.capture(ctx, w.rec.on(l.tmux), target)
		if err != nil {
			return shot{}, l.fault(ctx, w.rec, err)
		}
		return got, nil
	}
	s.pictures.making = make(chan struct{}, 1)
	return s
}

// watch returns the watched form of a running record, and makes it one if need
// be.
func (l *live) watch(rec *record) *watched {
	w := l.find(rec.row.ID)
	if w == nil || !w.rec.sameTmux(rec) {
		w = l.begin(rec)
	}
	w.used.Store(time.Now().UnixNano())
	return w
}

// find returns the watched form of a row's session; nil: it is not watched.
func (l *live) find(id int64) *watched {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.byID[id]
}

// begin makes a session watched. It is linked soon; until then looks at it ask
// tmux.
func (l *live) begin(rec *record) *watched {
	w := newWatched(l, rec)
	if l.opts.Idle < 0 {
		return w
	}
	w.used.Store(time.Now().UnixNano())
	l.mu.Lock()
	old := l.byID[rec.row.ID]
	if old != nil && old.rec.sameTmux(rec) {
		l.mu.Unlock()
		return old
	}
	l.byID[rec.row.ID] = w
	l.mu.Unlock()
	if old != nil {
		old.end()
	}
	l.linkSoon(w)
	return w
}

// touched makes what is cached of a session count as old: something was done
// to it.
func (l *live) touched(id int64) {
	if w := l.find(id); w != nil {
		w.touch()
		w.stir()
	}
}

// ended forgets a session that has ended or was deleted, and lets whoever waits
// find that out.
func (l *live) ended(id int64) {
	l.mu.Lock()
	w := l.byID[id]
	delete(l.byID, id)
	l.mu.Unlock()
	if w == nil {
		return
	}
	unneeded := l.links.set(w, nil)
	w.end()
	l.soon(func(d *due) { d.unlink = append(d.unlink, unneeded...) })
}
