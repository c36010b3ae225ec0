package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// trustedFor is how long a screen that tmux says nothing of counts as
	// unchanged: some changes, such as another client's send-keys -R, are
	// not told.
	trustedFor = time.Second
	// floodTrusted is the same for a screen whose output is not listened to
	// because there is too much of it.
	floodTrusted = 15 * time.Millisecond
)

// screen is the cache of one pane's screen, or, when it is not live, of the
// captures that callers share. Whoever makes it says how to capture.
type screen struct {
	capture func(context.Context) ([]byte, error)
	live    bool // changes are counted in gen
	owner   *watched
	counts  *counts

	gen    atomic.Uint64           // changes so far
	deaf   atomic.Bool             // its output is not listened to: gen tells nothing
	newest atomic.Pointer[capture] // nil: none yet, or dropped
	output output
	flow   flow

	pictures pictures

	mu      sync.Mutex // guards what follows
	running *capturing
	waiting *capturing // starts when running is done
}

// capturing is one capture-pane on its way.
type capturing struct {
	gen  uint64
	done chan struct{} // closed when what follows is final
	got  *capture
	err  error
}

// changed counts a change.
func (s *screen) changed() { s.gen.Add(1) }

// fresh is the newest capture if it still shows what tmux has, else nil.
func (s *screen) fresh(now time.Time) *capture {
	c := s.newest.Load()
	if c == nil || !s.live {
		return nil
	}
	age := now.Sub(c.asked)
	if s.deaf.Load() {
		if age < floodTrusted {
			return c
		}
		return nil
	}
	if c.gen != s.gen.Load() || age >= trustedFor {
		return nil
	}
	return c
}

// current returns what the pane shows now, at the earliest when current was
// called. Callers that ask for the same share one command. It blocks until
// tmux answers, tmuxTimeout at most, or ctx is done.
func (s *screen) current(ctx context.Context) (*capture, error) {
	if c := s.fresh(time.Now()); c != nil {
		s.counts.hits.Add(1)
		return c, nil
	}
	join, lead := s.join()
	if lead {
		s.run(ctx, join)
	}
	select {
	case <-join.done:
		return join.got, join.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join finds a capture that is new enough for whoever asks now; lead is true
// for the one who has to make it.
func (s *screen) join() (c *capturing, lead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = &capturing{gen: s.gen.Load(), done: make(chan struct{})}
		return s.running, true
	}
	if s.live && !s.deaf.Load() && s.running.gen == s.gen.Load() {
		return s.running, false // nothing has changed since it was asked for
	}
	if s.waiting == nil {
		s.waiting = &capturing{done: make(chan struct{})}
	}
	return s.waiting, false
}

// run makes a capture, for everybody who joined: it goes on when the caller
// leaves. Then it starts the one that waits, if any.
func (s *screen) run(ctx context.Context, c *capturing) {
	ctx, cancel := tmuxContext(context.WithoutCancel(ctx))
	defer cancel()
	asked := time.Now()
	s.counts.captures.Add(1)
	text, err := s.capture(ctx)
	if err == nil {
		c.got = s.store(c.gen, asked, text)
	}
	c.err = err
	s.mu.Lock()
	next := s.waiting
	s.running, s.waiting = next, nil
	if next != nil {
		next.gen = s.gen.Load()
	}
	s.mu.Unlock()
	close(c.done)
	if next != nil {
		go s.run(context.Background(), next)
	}
}

// store makes a capture the newest. An unchanged text keeps its memory and its
// names.
func (s *screen) store(gen uint64, asked time.Time, text []byte) *capture {
	c := &capture{gen: gen, asked: asked}
	old := s.newest.Load()
	if old != nil && string(old.Text) == string(text) {
		c.Snapshot = old.Snapshot
		c.trimmed.Store(old.trimmed.Load())
	} else {
		c.Snapshot = newSnapshot(text)
	}
	if s.live {
		s.newest.Store(c)
	}
	return c
}

// size is what a capture weighs in the cache, in bytes; a nil one nothing.
func (c *capture) size() int {
	if c == nil {
		return 0
	}
	n := len(c.Text)
	if t := c.trimmed.Load(); t != nil {
		n += len(t.ETag) // its text is a part of the other
	}
	return n
}

// counts are what the metrics tell of all screens.
type counts struct {
	captures atomic.Uint64 // commands sent to tmux
	hits     atomic.Uint64 // looks answered without one
}
