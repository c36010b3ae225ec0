package session

import (
	"context"
	"sync"
)

// turns lets one caller at a time do something to each session; the others
// wait, or leave.
type turns struct {
	mu    sync.Mutex              // guards taken
	taken map[int64]chan struct{} // closed when its turn ends
}

// take waits for a turn, which lasts until release is called.
func (t *turns) take(ctx context.Context, id int64) (release func(), err error) {
	for {
		t.mu.Lock()
		other := t.taken[id]
		if other == nil {
			break
		}
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if t.taken == nil {
		t.taken = map[int64]chan struct{}{}
	}
	mine := make(chan struct{})
	t.taken[id] = mine
	t.mu.Unlock()
	return func() {
		t.mu.Lock()
		delete(t.taken, id)
		t.mu.Unlock()
		close(mine)
	}, nil
}
