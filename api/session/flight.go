package session

import (
	"context"
	"sync"
)

// flight shares one call between callers without ever answering with something
// older than the question: a caller joins only a call that starts after it
// asked. So however many ask at once, one call runs and one waits.
type flight[T any] struct {
	mu      sync.Mutex // guards what follows
	running *shared[T]
	next    *shared[T] // starts when running is done
}

// shared is one call and its result.
type shared[T any] struct {
	call  func() (T, error)
	done  chan struct{} // closed when value and err are final
	value T
	err   error
}

// do returns the result of a call that started after do was called, or ctx's
// error. Of those who share a call, the first one's is made. It goes on when a
// caller leaves: it has the values of that first one's context, not its end,
// so call must bound itself.
func (f *flight[T]) do(ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	f.mu.Lock()
	if f.next == nil {
		f.next = &shared[T]{
			call: func() (T, error) { return call(context.WithoutCancel(ctx)) },
			done: make(chan struct{}),
		}
		if f.running == nil {
			f.running, f.next = f.next, nil
			joined := f.running
			f.mu.Unlock()
			go f.run(joined)
			return joined.wait(ctx)
		}
	}
	joined := f.next
	f.mu.Unlock()
	return joined.wait(ctx)
}

// run makes one call after another for as long as somebody waits for one.
func (f *flight[T]) run(s *shared[T]) {
	for s != nil {
		s.value, s.err = s.call()
		close(s.done)
		f.mu.Lock()
		f.running, f.next = f.next, nil
		s = f.running
		f.mu.Unlock()
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
