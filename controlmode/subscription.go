package controlmode

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// Subscription is one consumer's queue of a Server's notifications. The
// reader of the connection never waits for it: what finds the queue full is
// dropped, and a Missed stands in its place.
type Subscription struct {
	// C is the queue, for a select; All is for a loop. It is never closed.
	C <-chan Notification

	queue  chan Notification // its last place is for a Missed
	missed bool              // the last one queued is a Missed; owned by tell
	owner  *subscriptions
	closed context.Context // done once the Subscription, or the Server, is closed
	close  context.CancelFunc
}

// Subscribe starts a queue of size notifications, at least one. Close it when
// done. It may be called before Start, to hear of the first Connected as well.
func (s *Server) Subscribe(size int) *Subscription {
	queue := make(chan Notification, max(size, 1)+1)
	sub := &Subscription{C: queue, queue: queue, owner: &s.subs}
	sub.closed, sub.close = context.WithCancel(s.baseCtx)
	s.subs.add(sub)
	return sub
}

// All gives the notifications one by one, and waits for each. It ends when ctx
// is done or when the Subscription or its Server is closed; what is still
// queued then is not given. The loop may be left at any time and begun again.
func (s *Subscription) All(ctx context.Context) iter.Seq[Notification] {
	return func(yield func(Notification) bool) {
		for ctx.Err() == nil && s.closed.Err() == nil {
			select {
			case n := <-s.queue:
				if !yield(n) {
					return
				}
			case <-s.closed.Done():
			case <-ctx.Done():
			}
		}
	}
}

// Close ends the subscription and every loop over it; it may be called again.
func (s *Subscription) Close() {
	s.owner.remove(s)
	s.close()
}

// subscriptions are the consumers of one Server.
type subscriptions struct {
	replacing    sync.Mutex // held while all is replaced
	broadcasting sync.Mutex // makes tell's calls follow one another
	all          atomic.Pointer[[]*Subscription]
}

func (s *subscriptions) list() []*Subscription {
	if all := s.all.Load(); all != nil {
		return *all
	}
	return nil
}

func (s *subscriptions) add(sub *Subscription) {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	all := append(slices.Clone(s.list()), sub)
	s.all.Store(&all)
}

func (s *subscriptions) remove(sub *Subscription) {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	all := slices.DeleteFunc(slices.Clone(s.list()), func(other *Subscription) bool { return other == sub })
	s.all.Store(&all)
}

// tell queues a notification for every subscription that has room. It never
// blocks.
func (s *subscriptions) broadcast(n Notification) {
	s.broadcasting.Lock()
	defer s.broadcasting.Unlock()
	for _, sub := range s.list() {
		sub.offer(n)
	}
}

// offer queues a notification, or a Missed in the place that is kept for it.
// Nobody else sends, so that there is room for as long as there seems to be.
func (s *Subscription) offer(n Notification) {
	switch {
	case len(s.queue) < cap(s.queue)-1:
		s.queue <- n
		s.missed = false
	case !s.missed:
		s.queue <- Missed{}
		s.missed = true
	}
}

// Changes counts what may have changed a session, a window or a pane: commands
// that do not only read, when they are sent and when they are answered,
// connections that come and go, and what tmux tells of, but for output. So what was
// listed since it was the same holds, but for what tmux does not tell of: panes
// that others split, resize or close, if no Hub has their window, and programs that
// end in one of several panes, or in one that stays. It blocks as Hub.CatchUp does.
func (s *Server) Changes(ctx context.Context) uint64 {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.catchUp(ctx)
	}
	return s.changes.Load()
}

// heed counts what a connection is told.
func (s *Server) countChange(n Notification) {
	if _, output := n.(Output); !output {
		s.changes.Add(1)
	}
}

// tell is what the command connection is told.
func (s *Server) handleNotification(n Notification) {
	s.countChange(n)
	s.subs.broadcast(n)
}
