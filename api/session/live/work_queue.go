package live

import (
	"maps"

	"interplexer/controlmode"
)

// workQueue is the work of the loop.
type workQueue struct {
	link           map[*watched]bool // list the panes, and link their windows
	unlink         []controlmode.WindowID
	floods         []flood
	calls          []func(*controlmode.Hub) // called with the hub; nil: it is gone
	unknownWindows bool                     // there are new windows that may belong to a watched session
	orphans        bool                     // windows may be linked into the hub that no watched session has
}

func newWorkQueue() workQueue { return workQueue{link: map[*watched]bool{}} }

func (q *workQueue) empty() bool {
	return len(q.link) == 0 && len(q.unlink) == 0 && len(q.floods) == 0 && len(q.calls) == 0 && !q.unknownWindows && !q.orphans
}

func (q *workQueue) add(other workQueue) {
	maps.Copy(q.link, other.link)
	q.unlink = append(q.unlink, other.unlink...)
	q.floods = append(q.floods, other.floods...)
	q.calls = append(q.calls, other.calls...)
	q.unknownWindows = q.unknownWindows || other.unknownWindows
	q.orphans = q.orphans || other.orphans
}

// enqueueLink asks the loop to list a session's panes and link its windows.
func (s *Screens) enqueueLink(w *watched) {
	s.enqueue(func(q *workQueue) { q.link[w] = true })
}

// enqueue adds work for the loop.
func (s *Screens) enqueue(add func(*workQueue)) {
	s.mu.Lock()
	add(&s.queue)
	s.mu.Unlock()
	s.callLoop()
}

// enqueueServed is enqueue for work that somebody waits for. When there is no hub, it adds
// nothing and reports false.
func (s *Screens) enqueueServed(add func(*workQueue)) bool {
	s.mu.Lock()
	serving := s.serving
	if serving {
		add(&s.queue)
	}
	s.mu.Unlock()
	if serving {
		s.callLoop()
	}
	return serving
}

// enqueueLater adds work for the loop within a second. It is for work that has just failed
// and would fail again at once.
func (s *Screens) enqueueLater(add func(*workQueue)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.later)
}

// promote moves the later work into the queue.
func (s *Screens) promote() {
	s.mu.Lock()
	some := !s.later.empty()
	s.queue.add(s.later)
	s.later = newWorkQueue()
	s.mu.Unlock()
	if some {
		s.callLoop()
	}
}

func (s *Screens) callLoop() {
	select {
	case s.work <- struct{}{}:
	default: // called already
	}
}

// takeCalls empties the part of the queue that somebody waits for.
func (s *Screens) takeCalls() []func(*controlmode.Hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.queue.calls
	s.queue.calls = nil
	return calls
}

// takeQueue empties the queue and returns its work. serving: there is a hub from now on.
func (s *Screens) takeQueue(serving bool) workQueue {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = serving
	q := s.queue
	s.queue = newWorkQueue()
	return q
}
