package controlmode

import "slices"

// schedule holds the calls that have not been sent yet and says which is next:
// one caller's go in their order, the callers' by turns, so that nobody waits
// behind all that another one wants.
type schedule struct {
	callers    map[string]*lane
	roundRobin []*lane // those in which calls wait, the next one first
	calls      int     // that wait, in all
	bytes      int     // of their commands
}

// lane is one caller's.
type lane struct {
	name      string
	waiting   callQueue
	sent      int // calls that tmux has not answered
	sentBytes int // of their commands
}

const (
	// What one caller may have with tmux at a time: enough to keep tmux busy,
	// little enough that whoever comes next is served soon.
	maxLaneCalls = 64
	maxLaneBytes = 64 << 10
	// windowCalls is the same for all together, unless a connection has less.
	maxWindowCalls = 512
)

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

// drop takes back a call; false: it does not wait any more.
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

// leave forgets a lane that holds nothing.
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
