package main

import (
	"context"
	"fmt"
	"time"
)

func (a *actor) capturePath(s *life) string {
	return fmt.Sprintf("/api/sessions/%d/capture-pane", s.id)
}

func (a *actor) capture(ctx context.Context, s *life, _ choice) {
	a.look(ctx, s, call{what: "GET capture", method: "GET", path: a.capturePath(s)})
}

// poll asks with the ETag of its last screen.
func (a *actor) poll(ctx context.Context, s *life, _ choice) {
	a.look(ctx, s, call{what: "GET capture, ETag", method: "GET", path: a.capturePath(s), etag: a.etags[s.mark]})
}

const longestHold = 1500 * time.Millisecond

// hold is a long-poll.
func (a *actor) hold(ctx context.Context, s *life, one choice) {
	wait := time.Duration(one.seed % uint64(longestHold))
	path := fmt.Sprintf("%s?wait=%.3f", a.capturePath(s), wait.Seconds())
	a.look(ctx, s, call{what: "GET capture, wait", method: "GET", path: path, etag: a.etags[s.mark], wait: wait})
}

func (a *actor) post(ctx context.Context, s *life, _ choice) {
	a.look(ctx, s, call{what: "POST capture", method: "POST", path: fmt.Sprintf("/api/session/%d/capture-pane/", s.id)})
}

// look asks for a screen and judges it: it is of this session, whole, and no
// older than the last that this client has been shown.
func (a *actor) look(ctx context.Context, s *life, k call) {
	r := a.do(ctx, a.user, k)
	a.judgeProblem(s, k, r)
	switch {
	case r.err != nil || r.status >= 400:
	case r.status == 304:
		if k.etag == "" || r.etag != k.etag {
			a.ledger.violation("%s %s with ETag %s: 304 with %s", k.method, k.path, k.etag, r.etag)
		}
	case r.status == 200:
		a.etags[s.mark] = r.etag
		a.judgeShown(s, k.method+" "+k.path, r.body)
	default:
		a.ledger.violation("%s %s: %d %.300q", k.method, k.path, r.status, r.body)
	}
}

func (a *actor) judgeShown(s *life, how, screen string) {
	newest, wrong := judgeScreen(s.mark, screen)
	if wrong != "" {
		a.ledger.violation("%s: %s", how, wrong)
		return
	}
	before, seen := a.newest[s.mark]
	if seen && newest != noFrame && newest < before {
		a.ledger.violation("%s: frame %d of %s after frame %d", how, newest, s.mark, before)
	}
	a.newest[s.mark] = max(before, newest)
}

// typeInto types, and notes what was answered.
func (a *actor) typeInto(ctx context.Context, s *life, one choice) {
	a.send(ctx, s, one, 0)
}

// abort leaves before the answer.
func (a *actor) abort(ctx context.Context, s *life, one choice) {
	a.send(ctx, s, one, time.Duration(one.seed%uint64(5*time.Millisecond))+1)
}

func (a *actor) send(ctx context.Context, s *life, one choice, cut time.Duration) {
	sent := a.ledger.typing(s, a.number, one.seed)
	body, _ := sent.make()
	path := fmt.Sprintf("/api/sessions/%d/send-keys", s.id)
	if one.seed%2 == 0 {
		path = fmt.Sprintf("/api/session/%d/send-keys/", s.id)
	}
	k := call{what: "POST send-keys", method: "POST", path: path, body: body, cut: cut}
	r := a.do(ctx, a.user, k)
	a.judgeProblem(s, k, r)
	a.ledger.with(func() { sent.outcome, sent.left = r.outcome(), r.err != nil })
}
