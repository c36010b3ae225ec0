package session

import (
	"context"
	"fmt"
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

// screen is one pane's, as far as it is known. It is the cache of its plain text,
// and has those of its other forms.
type screen struct {
	cache
	forms  forms
	live   bool // changes are counted in gen
	owner  *watched
	counts *counts

	gen    atomic.Uint64 // changes so far
	deaf   atomic.Bool   // its output is not listened to: gen tells nothing
	output output
	flow   flow

	pictures pictures
}

// cache is that of one form of a screen, or, when the screen is not live, of the
// captures that callers share. Whoever makes it says how to capture.
type cache struct {
	of      *screen
	capture func(context.Context) (shot, error)
	newest  atomic.Pointer[capture] // nil: none yet, or dropped

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
func (k *cache) fresh(now time.Time) *capture {
	c := k.newest.Load()
	if c == nil || !k.of.live {
		return nil
	}
	age := now.Sub(c.asked)
	if k.of.deaf.Load() {
		if age < floodTrusted {
			return c
		}
		return nil
	}
	if c.gen != k.of.gen.Load() || age >= trustedFor {
		return nil
	}
	return c
}

// current returns what the pane shows now, at the earliest when current was
// called. Callers that ask for the same share one command. It blocks until
// tmux answers, tmuxTimeout at most, or ctx is done.
func (k *cache) current(ctx context.Context) (*capture, error) {
	if c := k.fresh(time.Now()); c != nil {
		k.of.counts.hits.Add(1)
		return c, nil
	}
	join, lead := k.join()
	if lead {
		k.run(ctx, join)
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
func (k *cache) join() (c *capturing, lead bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running == nil {
		k.running = &capturing{gen: k.of.gen.Load(), done: make(chan struct{})}
		return k.running, true
	}
	if k.of.live && !k.of.deaf.Load() && k.running.gen == k.of.gen.Load() {
		return k.running, false // nothing has changed since it was asked for
	}
	if k.waiting == nil {
		k.waiting = &capturing{done: make(chan struct{})}
	}
	return k.waiting, false
}

// run makes a capture, for everybody who joined: it goes on when the caller
// leaves. Then it starts the one that waits, if any.
func (k *cache) run(ctx context.Context, c *capturing) {
	ctx, cancel := tmuxContext(context.WithoutCancel(ctx))
	defer cancel()
	asked := time.Now()
	k.of.counts.captures.Add(1)
	shot, err := k.capture(ctx)
	if err == nil {
		c.got = k.store(c.gen, asked, shot)
	}
	c.err = err
	k.mu.Lock()
	next := k.waiting
	k.running, k.waiting = next, nil
	if next != nil {
		next.gen = k.of.gen.Load()
	}
	k.mu.Unlock()
	close(c.done)
	if next != nil {
		go k.run(context.Background(), next)
	}
}

// store makes a capture the newest. An unchanged text keeps its memory and its
// names, and what was drawn of it.
func (k *cache) store(gen uint64, asked time.Time, got shot) *capture {
	c := &capture{gen: gen, asked: asked}
	old := k.newest.Load()
	switch {
	case old != nil && string(old.Text) == string(got.text) && old.sameState(got):
		c.Snapshot, c.stated = old.Snapshot, old.stated
		c.trimmed.Store(old.trimmed.Load())
	case got.hasState:
		c.Snapshot, c.stated = newSnapshot(got.text), &stated{state: got.state}
		c.ETag += fmt.Sprint(got.state) // a cursor that moves is a change
	default:
		c.Snapshot = newSnapshot(got.text)
	}
	if k.of.live {
		k.newest.Store(c)
	}
	return c
}

// size is what a capture weighs in the cache, in bytes; a nil one nothing.
func (c *capture) size() int {
	if c == nil {
		return 0
	}
	n := len(c.Text) + c.stated.size()
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
