package registry

import (
	"sync"

	"interplexer/api/session"
)

// heldCounts count the long-polls and streams of each user.
type heldCounts struct {
	mu     sync.Mutex // guards what follows
	byUser map[int64]int
}

// take counts one more of a user's, or fails with ErrTooManyHeld. 0 means no
// limit.
func (h *heldCounts) take(user int64, limit int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit > 0 && h.byUser[user] >= limit {
		return session.ErrTooManyHeld
	}
	if h.byUser == nil {
		h.byUser = map[int64]int{}
	}
	h.byUser[user]++
	return nil
}

// give undoes a take.
func (h *heldCounts) give(user int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byUser[user]--; h.byUser[user] == 0 {
		delete(h.byUser, user)
	}
}

// total counts those of all users.
func (h *heldCounts) total() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, c := range h.byUser {
		n += c
	}
	return n
}
