package controlmode

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Subscription is one consumer's queue of a Server's notifications. The
// reader of the connection never waits for it: when the queue is full,
// notifications are dropped, and a Missed says so before the next.
type Subscription struct {
	C      <-chan Notification // never closed
	queue  chan Notification
	missed bool // owned by tell
	owner  *subscriptions
}

// Subscribe starts a queue of at least one notification. Close it when done.
func (s *Server) Subscribe(size int) *Subscription {
	queue := make(chan Notification, max(size, 1))
	sub := &Subscription{C: queue, queue: queue, owner: &s.subs}
	s.subs.add(sub)
	return sub
}

// Close ends the subscription; it may be called again.
func (s *Subscription) Close() { s.owner.remove(s) }

// subscriptions are the consumers of one Server.
type subscriptions struct {
	changing sync.Mutex // held while all is replaced
	telling  sync.Mutex // makes tell's calls follow one another
	all      atomic.Pointer[[]*Subscription]
}

func (s *subscriptions) list() []*Subscription {
	if all := s.all.Load(); all != nil {
		return *all
	}
	return nil
}

func (s *subscriptions) add(sub *Subscription) {
	s.changing.Lock()
	defer s.changing.Unlock()
	all := append(slices.Clone(s.list()), sub)
	s.all.Store(&all)
}

func (s *subscriptions) remove(sub *Subscription) {
	s.changing.Lock()
	defer s.changing.Unlock()
	all := slices.DeleteFunc(slices.Clone(s.list()), func(other *Subscription) bool { return other == sub })
	s.all.Store(&all)
}

// tell queues a notification for every subscription that has room. It never
// blocks.
func (s *subscriptions) tell(n Notification) {
	s.telling.Lock()
	defer s.telling.Unlock()
	for _, sub := range s.list() {
		sub.offer(n)
	}
}

func (s *Subscription) offer(n Notification) {
	if s.missed && !s.put(Missed{}) {
		return
	}
	s.missed = !s.put(n)
}

func (s *Subscription) put(n Notification) bool {
	select {
	case s.queue <- n:
		return true
	default:
		return false
	}
}
