// Package flight shares one call between callers who ask at the same time. Unlike
// golang.org/x/sync/singleflight, its result is never older than the question: a caller
// joins only a call that starts after it asked, or one whose subject has not changed since
// it started. So one call runs and one waits, however many callers ask.
//
// live shares captures with it, and registry shares lists.
package flight

import (
	"context"
	"sync"
)

// Call is one kind of call; the zero value works.
type Call[T any] struct {
	mu      sync.Mutex // guards the fields below
	running *shared[T]
	next    *shared[T] // starts when running is done
}

// Version returns the version of the subject of a call. ok is false while its changes are
// not counted. It must not block.
type Version func() (version uint64, ok bool)

// shared is one call and its result.
type shared[T any] struct {
	call    func(version uint64) (T, error)
	started uint64        // the version when it started
	done    chan struct{} // closed when value and err are final
	value   T
	err     error
}

// Do returns the result of a call that started after Do was called, or ctx's error. Callers
// who share a call share the one of the first of them. The call goes on when a caller
// leaves. Its context has the values of the first caller's context and never ends, so call
// needs a timeout of its own.
func (c *Call[T]) Do(ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	joined, lead := c.join(nil, func(uint64) (T, error) { return call(context.WithoutCancel(ctx)) })
	if lead {
		go c.run(joined, nil)
	}
	return joined.wait(ctx)
}

// DoHere is Do for a call so cheap that a goroutine for it would cost much. It makes the
// call in the goroutine of the first caller, which blocks until the call's end. A caller
// joins a running call as long as the version is the one with which the call started. call
// gets that version.
func (c *Call[T]) DoHere(ctx context.Context, version Version, call func(ctx context.Context, version uint64) (T, error)) (T, error) {
	joined, lead := c.join(version, func(v uint64) (T, error) { return call(context.WithoutCancel(ctx), v) })
	if lead {
		if next := c.runOne(joined, version); next != nil {
			go c.run(next, version)
		}
	}
	return joined.wait(ctx)
}

// Busy reports whether a call runs.
func (c *Call[T]) Busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running != nil
}

// join returns a call that is new enough for a caller who asks now. lead: the caller has to
// run it.
func (c *Call[T]) join(version Version, call func(uint64) (T, error)) (joined *shared[T], lead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = newShared(call)
		c.running.start(version)
		return c.running, true
	}
	if version != nil {
		if now, ok := version(); ok && c.running.started == now {
			return c.running, false
		}
	}
	if c.next == nil {
		c.next = newShared(call)
	}
	return c.next, false
}

// run makes a call, and further ones as long as callers wait for one.
func (c *Call[T]) run(s *shared[T], version Version) {
	for s != nil {
		s = c.runOne(s, version)
	}
}

// runOne makes a call and starts the next one, which it returns; nil: nobody waits
// for one.
func (c *Call[T]) runOne(s *shared[T], version Version) (next *shared[T]) {
	s.value, s.err = s.call(s.started)
	c.mu.Lock()
	next = c.next
	c.running, c.next = next, nil
	if next != nil {
		next.start(version)
	}
	c.mu.Unlock()
	close(s.done)
	return next
}

func newShared[T any](call func(uint64) (T, error)) *shared[T] {
	return &shared[T]{call: call, done: make(chan struct{})}
}

// start notes the version. The caller holds the Call's mu.
func (s *shared[T]) start(version Version) {
	if version != nil {
		s.started, _ = version()
	}
}

func (s *shared[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-s.done:
		return s.value, s.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
