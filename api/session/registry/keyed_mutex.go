package registry

import (
	"context"
	"sync"
)

// keyedMutex is a mutex for each key. Waiting for one can be cancelled.
type keyedMutex struct {
	mu     sync.Mutex              // guards locked
	locked map[int64]chan struct{} // closed by the unlock
}

// lock blocks until the key's mutex is free, or returns ctx's error. unlock frees
// it.
func (t *keyedMutex) lock(ctx context.Context, id int64) (unlock func(), err error) {
	for {
		t.mu.Lock()
		other := t.locked[id]
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
	if t.locked == nil {
		t.locked = map[int64]chan struct{}{}
	}
	mine := make(chan struct{})
	t.locked[id] = mine
	t.mu.Unlock()
	return func() {
		t.mu.Lock()
		delete(t.locked, id)
		t.mu.Unlock()
		close(mine)
	}, nil
}
