package main

import (
	"context"
	"fmt"
	"time"
)

func (a *client) capturePath(s *session) string {
	return fmt.Sprintf("/api/sessions/%d/capture-pane", s.id)
}

func (a *client) capture(ctx context.Context, s *session, _ choice) {
	a.look(ctx, s, call{what: "GET capture", method: "GET", path: a.capturePath(s)})
}

// poll requests the screen with the ETag of the last one.
func (a *client) poll(ctx context.Context, s *session, _ choice) {
	a.look(ctx, s, call{what: "GET capture, ETag", method: "GET", path: a.capturePath(s), etag: a.etags[s.mark]})
}

// longestHold bounds the wait of a long-poll.
const longestHold = 1500 * time.Millisecond

// hold is a long-poll.
func (a *client) hold(ctx context.Context, s *session, one choice) {
	wait := time.Duration(one.seed % uint64(longestHold))
	path := fmt.Sprintf("%s?wait=%.3f", a.capturePath(s), wait.Seconds())
	a.look(ctx, s, call{what: "GET capture, wait", method: "GET", path: path, etag: a.etags[s.mark], wait: wait})
}

func (a *client) post(ctx context.Context, s *session, _ choice) {
	a.look(ctx, s, call{what: "POST capture", method: "POST", path: fmt.Sprintf("/api/session/%d/capture-pane/", s.id)})
}

// look requests a screen and checks it: the screen is one of this session, whole, and
// not older than the last one that this client has seen.
func (a *client) look(ctx context.Context, s *session, k call) {
	r := a.do(ctx, a.user, k)
	a.checkProblem(s, k, r)
	switch {
	case r.err != nil || r.status >= 400:
	case r.status == 304:
		if k.etag == "" || r.etag != k.etag {
			a.model.violation("%s %s with ETag %s: 304 with %s", k.method, k.path, k.etag, r.etag)
		}
	case r.status == 200:
		a.etags[s.mark] = r.etag
		a.checkShown(s, k.method+" "+k.path, r.body)
	default:
		a.model.violation("%s %s: %d %.300q", k.method, k.path, r.status, r.body)
	}
}

func (a *client) checkShown(s *session, how, screen string) {
	newest, wrong := checkScreen(s.mark, screen)
	if wrong != "" {
		a.model.violation("%s: %s", how, wrong)
		return
	}
	before, seen := a.newest[s.mark]
	if seen && newest != noFrame && newest < before {
		a.model.violation("%s: frame %d of %s after frame %d", how, newest, s.mark, before)
	}
	a.newest[s.mark] = max(before, newest)
}

// typeInto types, and waits for the response.
func (a *client) typeInto(ctx context.Context, s *session, one choice) {
	a.send(ctx, s, one, 0)
}

// abort types, and leaves before the response.
func (a *client) abort(ctx context.Context, s *session, one choice) {
	a.send(ctx, s, one, time.Duration(one.seed%uint64(5*time.Millisecond))+1)
}

func (a *client) send(ctx context.Context, s *session, one choice, cut time.Duration) {
	sent := a.model.typing(s, a.number, one.seed)
	body, _ := sent.make()
	path := fmt.Sprintf("/api/sessions/%d/send-keys", s.id)
	if one.seed%2 == 0 {
		path = fmt.Sprintf("/api/session/%d/send-keys/", s.id)
	}
	k := call{what: "POST send-keys", method: "POST", path: path, body: body, cut: cut}
	r := a.do(ctx, a.user, k)
	a.checkProblem(s, k, r)
	a.model.locked(func() { sent.outcome, sent.left = r.outcome(), r.err != nil })
}
