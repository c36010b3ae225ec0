package registry

import (
	"sync"

	"interplexer/api/session"
)

// heldRequests counts the held requests of each user, which are long-polls and streams.
type heldRequests struct {
	mu     sync.Mutex // guards byUser
	byUser map[int64]int
}

// acquire counts one more request of a user, up to a limit; 0 means no limit. Beyond the
// limit it fails with ErrTooManyHeld. Call release when the request ends.
func (h *heldRequests) acquire(user int64, limit int) error {
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

// release undoes an acquire.
func (h *heldRequests) release(user int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byUser[user]--; h.byUser[user] == 0 {
		delete(h.byUser, user)
	}
}

// total returns the number of held requests of all users.
func (h *heldRequests) total() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, c := range h.byUser {
		n += c
	}
	return n
}
