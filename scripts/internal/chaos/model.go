package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// life is what is known of one session: what was asked for and what was
// answered. Its model guards it.
type session struct {
	mark     string // that everything it prints carries
	owner    string
	begun    time.Time
	made     outcome
	answered time.Time // when that was answered
	ready    bool      // its program reads
	id       int64     // 0: not known
	pid      int       // of its program; 0: not known

	removing bool // a DELETE was sent
	removed  bool // and answered with 204
	killed   bool // in tmux, behind the service's back
	sends    map[int][]*send
}

// model is what the clients were told. What is observed is judged against it.
type model struct {
	mu       sync.Mutex // guards what follows, the lives included
	sessions map[string]*session
	tmuxDied time.Time // when the tmux server was killed last; far ahead while it is
	wrong    []string
	more     int // that are not kept
}

func newModel() *model { return &model{sessions: map[string]*session{}} }

// maxWrong bounds the violations that are kept.
const maxWrong = 50

// violation notes that a promise was broken.
func (l *model) violation(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrong) == maxWrong {
		l.more++
		return
	}
	l.wrong = append(l.wrong, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// violations are those so far.
func (l *model) violations() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.wrong)
	if l.more > 0 {
		all = append(all, fmt.Sprintf("and %d more", l.more))
	}
	return all
}

// begin notes that a session is about to be asked for.
func (l *model) begin(owner, mark string, now time.Time) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &session{mark: mark, owner: owner, begun: now, sends: map[int][]*send{}}
	l.sessions[mark] = s
	return s
}

// with runs what reads or writes lives.
func (l *model) locked(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

// usable are the sessions of a user that can be worked with, the oldest first.
func (l *model) usable(owner string) []*session {
	return l.filter(func(s *session) bool { return s.owner == owner && s.ready && !l.mayHaveEnded(s) })
}

// deletable are those and the ones that have ended.
func (l *model) deletable(owner string) []*session {
	return l.filter(func(s *session) bool { return s.owner == owner && !s.removing })
}

func (l *model) filter(fit func(*session) bool) []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*session
	for _, s := range l.sessions {
		if s.made == done && fit(s) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	return all
}

// find is the session of that mark; nil: nobody asked for it.
func (l *model) find(mark string) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions[mark]
}

// all are the sessions, in the order in which they were asked for.
func (l *model) all() []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.sessions), func(a, b *session) int { return a.begun.Compare(b.begun) })
}

// typing notes what is about to be typed, and that the earlier of the same
// client has been answered.
func (l *model) typing(s *session, client int, seed uint64) *send {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := &send{client: client, number: len(s.sends[client]), seed: seed}
	s.sends[client] = append(s.sends[client], one)
	return one
}

// sendCount is how many requests typed.
func (l *model) sendCount() (n int) {
	for _, s := range l.all() {
		for _, sends := range s.sends {
			n += len(sends)
		}
	}
	return n
}

// mayHaveEnded: something was done that ends it.
func (l *model) mayHaveEnded(s *session) bool {
	return s.removing || s.killed || l.mayBeLost(s)
}

// mayBeLost: its tmux server may have been killed.
func (l *model) mayBeLost(s *session) bool { return !s.begun.After(l.tmuxDied) }

// checkStatus says what is wrong with a status that the service tells of a
// session, asked at that time; "" is nothing.
func (l *model) checkStatus(s *session, status string, asked time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case status == "running", status == "starting" && (s.made != done || asked.Before(s.answered)):
		return ""
	case status == "exited" && (s.killed || s.removing), status == "lost" && l.mayBeLost(s):
		return ""
	case status == "exited" && l.mayBeLost(s): // its program may be seen to end before its server
		return ""
	}
	return fmt.Sprintf("session %d (%s, made %s) is told to be %s for no reason", s.id, s.mark, s.begun.Format("15:04:05.000"), status)
}

// checkEnd is the same for an answer that it is not there or has ended.
func (l *model) checkEnd(s *session, problem string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case problem == "not-found" && s.removing, (problem == "ended" || problem == "gone") && l.mayHaveEnded(s):
		return ""
	}
	return fmt.Sprintf("session %d (%s, made %s) is answered %s for no reason", s.id, s.mark, s.begun.Format("15:04:05.000"), problem)
}
