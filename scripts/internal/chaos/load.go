package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// What clients do.
const (
	doCreate  = "create"
	doList    = "list"
	doGet     = "get"
	doCapture = "capture"
	doPoll    = "poll"
	doHold    = "hold"
	doPost    = "post"
	doType    = "type"
	doAbort   = "abort"
	doDelete  = "delete"
	doListen  = "listen"
	doAttach  = "attach"
	doPry     = "pry"
	doGarble  = "garble"
)

// deeds are all of it, in an order that is always the same.
var deeds = []string{
	doCreate, doList, doGet, doCapture, doPoll, doHold, doPost, doType, doAbort, doDelete, doListen, doAttach, doPry, doGarble,
}

// Actors by what they do, and how often beside the rest.
var (
	ofClient   = map[string]int{doCreate: 3, doList: 6, doGet: 8, doCapture: 16, doPoll: 10, doHold: 4, doPost: 8, doType: 30, doAbort: 4, doDelete: 2}
	ofListener = map[string]int{doListen: 1}
	ofTerminal = map[string]int{doAttach: 1}
	ofStranger = map[string]int{doPry: 3, doGarble: 2}
)

// actor is one client program of one user.
type actor struct {
	*chaos
	user   *user
	number int
	random *rand.Rand
	newest map[string]int    // by mark: the newest frame that it has been shown
	etags  map[string]string // by mark: of its last screen
}

// act does what its choices say until ctx is done.
func (a *actor) act(ctx context.Context, name string, weights map[string]int) {
	do := map[string]func(context.Context, choice){
		doCreate: a.create, doList: a.list, doPry: a.pry, doGarble: a.garble,
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

// onOne does something with one of the user's sessions, which are made when
// there are none.
func (a *actor) onOne(do func(context.Context, *life, choice)) func(context.Context, choice) {
	return func(ctx context.Context, one choice) {
		if mine := a.ledger.usable(a.user.name); len(mine) > 0 {
			do(ctx, mine[at(one.pick, len(mine))], one)
			return
		}
		a.create(ctx, one)
	}
}

// mostSessions bounds what one user has at a time.
const mostSessions = 5

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

func (a *actor) create(ctx context.Context, one choice) {
	if len(a.ledger.usable(a.user.name)) >= mostSessions {
		return
	}
	a.createOne(ctx, newMark(a.user.number, one.seed))
}

// createOne makes a session of that mark; nil: it was not made.
func (a *actor) createOne(ctx context.Context, mark string) *life {
	s := a.ledger.begin(a.user.name, mark, time.Now())
	k := call{what: "POST session", method: "POST", path: "/api/sessions", body: a.world.sessionBody(mark)}
	r := a.do(ctx, a.user, k)
	if r.outcome() != done {
		a.ledger.with(func() { s.made, s.told = r.outcome(), time.Now() })
		if r.err == nil && !faultless[r.problem] {
			a.ledger.violation("create %s: %d %.300s", mark, r.status, r.body)
		}
		return nil
	}
	var j sessionJSON
	if err := json.Unmarshal([]byte(r.body), &j); err != nil || r.status != 201 || len(j.Panes) != 1 {
		a.ledger.violation("create %s: %d %.300q", mark, r.status, r.body)
		return nil
	}
	a.ledger.with(func() { s.id, s.pid, s.made, s.told = j.ID, j.Panes[0].PID, done, time.Now() })
	a.judgeSession(s, j, s.told)
	a.awaitProgram(ctx, s)
	return s
}

// awaitProgram waits until the session's program reads its terminal as it is:
// what is typed before may be changed on the way.
func (a *actor) awaitProgram(ctx context.Context, s *life) {
	for start := time.Now(); time.Since(start) < settleTime && ctx.Err() == nil; sleep(ctx, 5*time.Millisecond) {
		ended := false
		a.ledger.with(func() { ended = a.ledger.mayHaveEnded(s) })
		if ended || a.begun(s) {
			a.ledger.with(func() { s.ready = true })
			return
		}
	}
	if ctx.Err() == nil {
		a.ledger.violation("the program of session %d (%s) has not begun after %s", s.id, s.mark, settleTime)
	}
}

// judgeSession judges what the service tells of a session, asked at that time.
func (a *actor) judgeSession(s *life, j sessionJSON, asked time.Time) {
	var id int64
	var pid int
	a.ledger.with(func() { id, pid = s.id, s.pid })
	if j.User != a.user.name || j.Name != s.mark || len(j.Command) < 3 || j.Command[2] != s.mark || id != 0 && j.ID != id {
		a.ledger.violation("session %d of %s, %s, is told as %+v", id, s.owner, s.mark, j)
	}
	if wrong := a.ledger.judgeStatus(s, j.Status, asked); wrong != "" {
		a.ledger.violation("%s", wrong)
	}
	for _, p := range j.Panes {
		if pid != 0 && p.PID != pid {
			a.ledger.violation("session %d runs as %d, not as %d any more", id, p.PID, pid)
		}
	}
}

func (a *actor) list(ctx context.Context, _ choice) {
	before := a.ledger.usable(a.user.name)
	asked := time.Now()
	k := call{what: "GET sessions", method: "GET", path: "/api/sessions"}
	r := a.do(ctx, a.user, k)
	if r.outcome() != done {
		if r.err == nil && !faultless[r.problem] {
			a.ledger.violation("list: %d %.300s", r.status, r.body)
		}
		return
	}
	var all []sessionJSON
	if err := json.Unmarshal([]byte(r.body), &all); err != nil {
		a.ledger.violation("list: %.300q: %v", r.body, err)
		return
	}
	listed := map[string]bool{}
	for _, j := range all {
		s := a.ledger.find(j.Name)
		if s == nil || listed[j.Name] {
			a.ledger.violation("the list of %s has %+v, listed before: %v", a.user.name, j, listed[j.Name])
			continue
		}
		listed[j.Name] = true
		a.judgeSession(s, j, asked)
	}
	for _, s := range before {
		var gone bool
		a.ledger.with(func() { gone = s.removing })
		if !listed[s.mark] && !gone {
			a.ledger.violation("session %d (%s) is missing from its owner's list", s.id, s.mark)
		}
	}
}

func (a *actor) get(ctx context.Context, s *life, _ choice) {
	asked := time.Now()
	k := call{what: "GET session", method: "GET", path: fmt.Sprintf("/api/sessions/%d", s.id)}
	r := a.do(ctx, a.user, k)
	a.judgeProblem(s, k, r)
	if r.outcome() != done {
		return
	}
	var j sessionJSON
	if err := json.Unmarshal([]byte(r.body), &j); err != nil {
		a.ledger.violation("get: %.300q: %v", r.body, err)
		return
	}
	a.judgeSession(s, j, asked)
}

// removeOne deletes a session, which may have ended.
func (a *actor) removeOne(ctx context.Context, one choice) {
	if mine := a.ledger.deletable(a.user.name); len(mine) > 0 {
		a.remove(ctx, mine[at(one.pick, len(mine))], one)
	}
}

func (a *actor) remove(ctx context.Context, s *life, _ choice) {
	a.ledger.with(func() { s.removing = true })
	k := call{what: "DELETE session", method: "DELETE", path: fmt.Sprintf("/api/sessions/%d/", s.id)}
	r := a.do(ctx, a.user, k)
	a.judgeProblem(s, k, r)
	if r.outcome() == done {
		a.ledger.with(func() { s.removed = true })
		a.judgeRemoved(ctx, s)
	}
}

// judgeRemoved: what was deleted is not there any more.
func (a *actor) judgeRemoved(ctx context.Context, s *life) {
	k := call{what: "GET deleted", method: "GET", path: fmt.Sprintf("/api/sessions/%d", s.id)}
	if r := a.do(ctx, a.user, k); r.err == nil && r.status != 404 && !faultless[r.problem] {
		a.ledger.violation("session %d was deleted and is answered %d %.300s", s.id, r.status, r.body)
	}
}
