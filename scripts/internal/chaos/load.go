package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// The actions of clients.
const (
	doCreate    = "create"
	doList      = "list"
	doGet       = "get"
	doCapture   = "capture"
	doPoll      = "poll"
	doHold      = "hold"
	doPost      = "post"
	doType      = "type"
	doAbort     = "abort"
	doDelete    = "delete"
	doListen    = "listen"
	doAttach    = "attach"
	doForeign   = "requestForeign"
	doMalformed = "sendMalformed"
)

// actions are in a fixed order, on which the choices of a seed depend.
var actions = []string{
	doCreate, doList, doGet, doCapture, doPoll, doHold, doPost, doType, doAbort, doDelete, doListen, doAttach, doForeign, doMalformed,
}

// Weights of the actions, by the kind of client.
var (
	clientWeights   = map[string]int{doCreate: 3, doList: 6, doGet: 8, doCapture: 16, doPoll: 10, doHold: 4, doPost: 8, doType: 30, doAbort: 4, doDelete: 2}
	listenerWeights = map[string]int{doListen: 1}
	terminalWeights = map[string]int{doAttach: 1}
	strangerWeights = map[string]int{doForeign: 3, doMalformed: 2}
)

// client is a client program of a user.
type client struct {
	*chaos
	user   *user
	number int
	random *rand.Rand
	newest map[string]int    // by mark: the newest frame that it has seen
	etags  map[string]string // by mark: the ETag of the last screen
}

// act makes the actions of its choices until ctx is done.
func (a *client) act(ctx context.Context, name string, weights map[string]int) {
	do := map[string]func(context.Context, choice){
		doCreate: a.create, doList: a.list, doForeign: a.requestForeign, doMalformed: a.sendMalformed,
		doGet: a.onOne(a.get), doCapture: a.onOne(a.capture), doPoll: a.onOne(a.poll), doHold: a.onOne(a.hold),
		doPost: a.onOne(a.post), doType: a.onOne(a.typeInto), doAbort: a.onOne(a.abort), doDelete: a.removeOne,
		doListen: a.onOne(a.listen), doAttach: a.onOne(a.attach),
	}
	for one := range choices(a.seed, name, weights) {
		if ctx.Err() != nil {
			return
		}
		do[one.do](ctx, one)
		sleep(ctx, one.think)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// onOne returns an action on one of the user's sessions. It creates one when there
// are none.
func (a *client) onOne(do func(context.Context, *session, choice)) func(context.Context, choice) {
	return func(ctx context.Context, one choice) {
		if mine := a.model.usable(a.user.name); len(mine) > 0 {
			do(ctx, mine[at(one.pick, len(mine))], one)
			return
		}
		a.create(ctx, one)
	}
}

// maxSessions bounds the sessions of one user at a time.
const maxSessions = 5

type sessionJSON struct {
	ID      int64    `json:"id"`
	User    string   `json:"user"`
	Name    string   `json:"name"`
	Status  string   `json:"status"`
	Command []string `json:"command"`
	Panes   []struct {
		PID int `json:"pid"`
	} `json:"panes"`
}

func (a *client) create(ctx context.Context, one choice) {
	if len(a.model.usable(a.user.name)) >= maxSessions {
		return
	}
	a.createOne(ctx, newMark(a.user.number, one.seed))
}

// createOne creates a session with a mark; nil: it was not created.
func (a *client) createOne(ctx context.Context, mark string) *session {
	s := a.model.begin(a.user.name, mark, time.Now())
	k := call{what: "POST session", method: "POST", path: "/api/sessions", body: a.testbed.sessionBody(mark)}
	r := a.do(ctx, a.user, k)
	if r.outcome() != done {
		a.model.locked(func() { s.made, s.answered = r.outcome(), time.Now() })
		if r.err == nil && !transient[r.problem] {
			a.model.violation("create %s: %d %.300s", mark, r.status, r.body)
		}
		return nil
	}
	var j sessionJSON
	if err := json.Unmarshal([]byte(r.body), &j); err != nil || r.status != 201 || len(j.Panes) != 1 {
		a.model.violation("create %s: %d %.300q", mark, r.status, r.body)
		return nil
	}
	a.model.locked(func() { s.id, s.pid, s.made, s.answered = j.ID, j.Panes[0].PID, done, time.Now() })
	a.checkSession(s, j, s.answered)
	a.awaitProgram(ctx, s)
	return s
}

// awaitProgram waits until the session's program reads its terminal in raw mode. The
// terminal may change the input before that.
func (a *client) awaitProgram(ctx context.Context, s *session) {
	for start := time.Now(); time.Since(start) < settleTimeout && ctx.Err() == nil; sleep(ctx, 5*time.Millisecond) {
		ended := false
		a.model.locked(func() { ended = a.model.mayHaveEnded(s) })
		if ended || a.hasBegun(s) {
			a.model.locked(func() { s.ready = true })
			return
		}
	}
	if ctx.Err() == nil {
		a.model.violation("the program of session %d (%s) has not begun after %s", s.id, s.mark, settleTimeout)
	}
}

// checkSession checks the JSON of a session, in a response to a request that was sent
// at asked.
func (a *client) checkSession(s *session, j sessionJSON, asked time.Time) {
	var id int64
	var pid int
	a.model.locked(func() { id, pid = s.id, s.pid })
	if j.User != a.user.name || j.Name != s.mark || len(j.Command) < 3 || j.Command[2] != s.mark || id != 0 && j.ID != id {
		a.model.violation("session %d of %s, %s, is listed as %+v", id, s.owner, s.mark, j)
	}
	if wrong := a.model.checkStatus(s, j.Status, asked); wrong != "" {
		a.model.violation("%s", wrong)
	}
	for _, p := range j.Panes {
		if pid != 0 && p.PID != pid {
			a.model.violation("session %d runs as %d, not as %d any more", id, p.PID, pid)
		}
	}
}

func (a *client) list(ctx context.Context, _ choice) {
	before := a.model.usable(a.user.name)
	asked := time.Now()
	k := call{what: "GET sessions", method: "GET", path: "/api/sessions"}
	r := a.do(ctx, a.user, k)
	if r.outcome() != done {
		if r.err == nil && !transient[r.problem] {
			a.model.violation("list: %d %.300s", r.status, r.body)
		}
		return
	}
	var all []sessionJSON
	if err := json.Unmarshal([]byte(r.body), &all); err != nil {
		a.model.violation("list: %.300q: %v", r.body, err)
		return
	}
	listed := map[string]bool{}
	for _, j := range all {
		s := a.model.find(j.Name)
		if s == nil || listed[j.Name] {
			a.model.violation("the list of %s has %+v, listed before: %v", a.user.name, j, listed[j.Name])
			continue
		}
		listed[j.Name] = true
		a.checkSession(s, j, asked)
	}
	for _, s := range before {
		var gone bool
		a.model.locked(func() { gone = s.removing })
		if !listed[s.mark] && !gone {
			a.model.violation("session %d (%s) is missing from its owner's list", s.id, s.mark)
		}
	}
}

func (a *client) get(ctx context.Context, s *session, _ choice) {
	asked := time.Now()
	k := call{what: "GET session", method: "GET", path: fmt.Sprintf("/api/sessions/%d", s.id)}
	r := a.do(ctx, a.user, k)
	a.checkProblem(s, k, r)
	if r.outcome() != done {
		return
	}
	var j sessionJSON
	if err := json.Unmarshal([]byte(r.body), &j); err != nil {
		a.model.violation("get: %.300q: %v", r.body, err)
		return
	}
	a.checkSession(s, j, asked)
}

// removeOne deletes one of the user's sessions, which may have ended.
func (a *client) removeOne(ctx context.Context, one choice) {
	if mine := a.model.deletable(a.user.name); len(mine) > 0 {
		a.remove(ctx, mine[at(one.pick, len(mine))], one)
	}
}

func (a *client) remove(ctx context.Context, s *session, _ choice) {
	a.model.locked(func() { s.removing = true })
	k := call{what: "DELETE session", method: "DELETE", path: fmt.Sprintf("/api/sessions/%d/", s.id)}
	r := a.do(ctx, a.user, k)
	a.checkProblem(s, k, r)
	if r.outcome() == done {
		a.model.locked(func() { s.removed = true })
		a.checkRemoved(ctx, s)
	}
}

// checkRemoved checks that a deleted session is not there any more.
func (a *client) checkRemoved(ctx context.Context, s *session) {
	k := call{what: "GET deleted", method: "GET", path: fmt.Sprintf("/api/sessions/%d", s.id)}
	if r := a.do(ctx, a.user, k); r.err == nil && r.status != 404 && !transient[r.problem] {
		a.model.violation("session %d was deleted, and the response is %d %.300s", s.id, r.status, r.body)
	}
}
