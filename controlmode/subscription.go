package controlmode

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// Subscription is one consumer's queue of a Server's notifications. The reader of the
// connection never waits for it: a notification that finds the queue full is dropped,
// and a Missed stands in its place.
type Subscription struct {
	// C is the queue, for a select; All is for a loop. It is never closed.
	C <-chan Notification

	queue  chan Notification // its last place is reserved for a Missed
	missed bool              // the last one queued is a Missed; only broadcast uses it
	owner  *subscriptions
	closed context.Context // done once the Subscription, or the Server, is closed
	close  context.CancelFunc
}

// Subscribe starts a queue of size notifications, at least one. Close it when done.
// Call it before Start to receive the first Connected as well.
func (s *Server) Subscribe(size int) *Subscription {
	queue := make(chan Notification, max(size, 1)+1)
	sub := &Subscription{C: queue, queue: queue, owner: &s.subs}
	sub.closed, sub.close = context.WithCancel(s.baseCtx)
	s.subs.add(sub)
	return sub
}

// All yields the notifications one by one, and waits for each. It ends when ctx is
// done or when the Subscription or its Server is closed; notifications that are still
// queued then are not yielded. The loop may be left at any time and begun again.
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

// Close ends the subscription and every loop over it. It may be called again.
func (s *Subscription) Close() {
	s.owner.remove(s)
	s.close()
}

// subscriptions are the consumers of one Server.
type subscriptions struct {
	replacing    sync.Mutex // held while all is replaced
	broadcasting sync.Mutex // makes calls of broadcast follow one another
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

// broadcast queues a notification for every subscription that has room. It never
// blocks.
func (s *subscriptions) broadcast(n Notification) {
	s.broadcasting.Lock()
	defer s.broadcasting.Unlock()
	for _, sub := range s.list() {
		sub.offer(n)
	}
}

// offer queues a notification, or a Missed in the place that is reserved for it.
// Nobody else sends, so a place that was free at the look stays free.
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

// Changes counts events that may have changed a session, a window or a pane: commands
// that do not only read, both when they are sent and when they are answered;
// connections that come and go; and all notifications except output. A list that was
// made since the count was the same still holds, except for changes that tmux does
// not report: panes that others split, resize or close, if no Hub has their window
// linked, and programs that end in one of several panes or in a pane that stays. It
// blocks as Hub.CatchUp does.
func (s *Server) Changes(ctx context.Context) uint64 {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.catchUp(ctx)
	}
	return s.changes.Load()
}

// countChange counts a notification of any connection, unless it is output.
func (s *Server) countChange(n Notification) {
	if _, output := n.(Output); !output {
		s.changes.Add(1)
	}
}

// handleNotification takes the notifications of the command connection.
func (s *Server) handleNotification(n Notification) {
	s.countChange(n)
	s.subs.broadcast(n)
}
