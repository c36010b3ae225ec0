package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// session has the requests about one session, and the responses to them. The mutex of
// its model guards it.
type session struct {
	mark     string    // in everything that its program prints
	owner    string    // the name of a user
	begun    time.Time // when the request was sent that creates it
	made     outcome   // of that request
	answered time.Time // when its response came
	ready    bool      // its program reads
	id       int64     // 0: not known
	pid      int       // of its program; 0: not known

	removing bool            // a DELETE was sent
	removed  bool            // the response was 204
	killed   bool            // by a fault
	sends    map[int][]*send // by client
}

// model has the requests of all clients, and the responses to them. What the clients
// see is checked against it.
type model struct {
	mu       sync.Mutex          // guards the fields below, and the sessions
	sessions map[string]*session // by mark
	tmuxDied time.Time           // when the tmux server was killed last; in the future while it is being killed
	wrong    []string            // the violations
	more     int                 // violations that are only counted
}

func newModel() *model { return &model{sessions: map[string]*session{}} }

// maxWrong bounds the violations that are printed.
const maxWrong = 50

// violation adds a violation of a promise.
func (l *model) violation(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrong) == maxWrong {
		l.more++
		return
	}
	l.wrong = append(l.wrong, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// violations returns the violations so far.
func (l *model) violations() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.wrong)
	if l.more > 0 {
		all = append(all, fmt.Sprintf("and %d more", l.more))
	}
	return all
}

// begin adds a session, before the request that creates it.
func (l *model) begin(owner, mark string, now time.Time) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &session{mark: mark, owner: owner, begun: now, sends: map[int][]*send{}}
	l.sessions[mark] = s
	return s
}

// locked calls do with the mutex locked. It is for access to sessions.
func (l *model) locked(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

// usable returns the sessions of a user that run, the oldest first.
func (l *model) usable(owner string) []*session {
	return l.filter(func(s *session) bool { return s.owner == owner && s.ready && !l.mayHaveEnded(s) })
}

// deletable returns the sessions of a user that were not deleted, also those that
// have ended.
func (l *model) deletable(owner string) []*session {
	return l.filter(func(s *session) bool { return s.owner == owner && !s.removing })
}

func (l *model) filter(keep func(*session) bool) []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*session
	for _, s := range l.sessions {
		if s.made == done && keep(s) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	return all
}

// find returns the session with a mark; nil: no client has created it.
func (l *model) find(mark string) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions[mark]
}

// all returns the sessions, in the order of their creation.
func (l *model) all() []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.sessions), func(a, b *session) int { return a.begun.Compare(b.begun) })
}

// typing adds a request that types, before it is sent. The client has got the response
// to its request before.
func (l *model) typing(s *session, client int, seed uint64) *send {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := &send{client: client, number: len(s.sends[client]), seed: seed}
	s.sends[client] = append(s.sends[client], one)
	return one
}

// sendCount returns the number of requests that typed.
func (l *model) sendCount() (n int) {
	for _, s := range l.all() {
		for _, sends := range s.sends {
			n += len(sends)
		}
	}
	return n
}

// mayHaveEnded reports whether a request or a fault may have ended the session.
func (l *model) mayHaveEnded(s *session) bool {
	return s.removing || s.killed || l.mayBeLost(s)
}

// mayBeLost reports whether the tmux server of the session may have been killed.
func (l *model) mayBeLost(s *session) bool { return !s.begun.After(l.tmuxDied) }

// checkStatus checks the status of a session in a response to a request that was sent
// at asked. It returns the violation; "" is none.
func (l *model) checkStatus(s *session, status string, asked time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case status == "running", status == "starting" && (s.made != done || asked.Before(s.answered)):
		return ""
	case status == "exited" && (s.killed || s.removing), status == "lost" && l.mayBeLost(s):
		return ""
	case status == "exited" && l.mayBeLost(s): // the service may see the end of the program before the end of the server
		return ""
	}
	return fmt.Sprintf("session %d (%s, made %s) has the status %s for no reason", s.id, s.mark, s.begun.Format("15:04:05.000"), status)
}

// checkEnd checks a problem that says that the session is not there or has ended.
func (l *model) checkEnd(s *session, problem string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case problem == "not-found" && s.removing, (problem == "ended" || problem == "gone") && l.mayHaveEnded(s):
		return ""
	}
	return fmt.Sprintf("session %d (%s, made %s) got the problem %s for no reason", s.id, s.mark, s.begun.Format("15:04:05.000"), problem)
}
