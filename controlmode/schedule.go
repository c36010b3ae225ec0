package controlmode

import "slices"

// schedule holds the calls that have not been sent yet, and says which one is next.
// The calls of one sender keep their order, and senders take turns, so that nobody
// waits for all that another one sends.
type schedule struct {
	callers    map[string]*lane // the lanes that hold a call or await an answer, by sender
	roundRobin []*lane          // the lanes in which calls wait, the next one first
	calls      int              // all calls that wait
	bytes      int              // the size of their commands
}

// lane is the calls of one sender.
type lane struct {
	name      string
	waiting   callQueue
	sent      int // calls that tmux has not answered
	sentBytes int // the size of their commands
}

const (
	// The most that one sender may have with tmux at a time: enough to keep tmux
	// busy, and so little that the next sender is served soon.
	maxLaneCalls = 64
	maxLaneBytes = 64 << 10
	// maxWindowCalls is the same for all senders together, unless the connection has
	// a smaller window.
	maxWindowCalls = 512
)

// add queues a call in its sender's lane.
func (s *schedule) add(k *call) {
	l := s.callers[k.req.sender]
	if l == nil {
		if s.callers == nil {
			s.callers = map[string]*lane{}
		}
		l = &lane{name: k.req.sender}
		s.callers[l.name] = l
	}
	if l.waiting.len() == 0 {
		s.roundRobin = append(s.roundRobin, l)
	}
	k.lane = l
	l.waiting.push(k)
	s.calls++
	s.bytes += len(k.req.text)
}

// next takes the call to be sent next; nil: none may be sent now.
func (s *schedule) next() *call {
	for range s.roundRobin {
		l := s.roundRobin[0]
		copy(s.roundRobin, s.roundRobin[1:])
		s.roundRobin = s.roundRobin[:len(s.roundRobin)-1]
		k := s.take(l)
		if l.waiting.len() > 0 {
			s.roundRobin = append(s.roundRobin, l)
		}
		if k != nil {
			return k
		}
	}
	return nil
}

// take takes a lane's first call, if it may be sent.
func (s *schedule) take(l *lane) *call {
	k := l.waiting.head()
	n := len(k.req.text)
	if l.sent >= maxLaneCalls || l.sent > 0 && l.sentBytes+n > maxLaneBytes {
		return nil
	}
	l.waiting.pop()
	s.calls--
	s.bytes -= n
	l.sent++
	l.sentBytes += n
	return k
}

// remove takes a call out. It returns false if the call no longer waits.
func (s *schedule) remove(k *call) bool {
	l := k.lane
	if !l.waiting.remove(k) {
		return false
	}
	s.calls--
	s.bytes -= len(k.req.text)
	if l.waiting.len() == 0 {
		s.roundRobin = slices.DeleteFunc(s.roundRobin, func(other *lane) bool { return other == l })
		s.removeIfEmpty(l)
	}
	return true
}

// answered notes that a call that was sent is done.
func (s *schedule) answered(k *call) {
	k.lane.sent--
	k.lane.sentBytes -= len(k.req.text)
	s.removeIfEmpty(k.lane)
}

// removeIfEmpty removes a lane that holds no call and awaits no answer.
func (s *schedule) removeIfEmpty(l *lane) {
	if l.sent == 0 && l.waiting.len() == 0 {
		delete(s.callers, l.name)
	}
}

// takeAll empties the schedule.
func (s *schedule) takeAll() (all []*call) {
	for _, l := range s.roundRobin {
		all = append(all, l.waiting.takeAll()...)
	}
	*s = schedule{}
	return all
}
