package session

import "sync"

// heldCounts are the long-polls and streams of each user.
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
		return ErrTooManyHeld
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

// total is everybody's.
func (h *heldCounts) total() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, c := range h.byUser {
		n += c
	}
	return n
}

// Stats are figures of the live screens and of the connection to tmux.
type Stats struct {
	Held     int    // long-polls and streams now
	Watched  int    // sessions now
	Captures uint64 // captures asked of tmux so far
	Hits     uint64 // looks answered without asking tmux so far
	Tmux     string // "connected", "degraded" or "down"
	Connects int    // connections to tmux so far
}

// Stats returns the figures of now.
func (r *Registry) Stats() Stats {
	return Stats{
		Held: r.held.total(), Watched: len(r.live.all()),
		Captures: r.live.count.captures.Load(), Hits: r.live.count.hits.Load(),
		Tmux: r.tmux.State().String(), Connects: r.tmux.Connects(),
	}
}
