package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"interplexer/cmd/interplexer/faults"
)

// maxResponseTime bounds the time until a response, if the request is not held: the
// service's own bound, and the time for which a process may be stopped.
const maxResponseTime = 35 * time.Second

// documented are all kinds of problems, with their status.
var documented = map[string]int{
	"internal": 500, "canceled": 503, "not-found": 404, "invalid": 422, "malformed": 400, "method-not-allowed": 405,
	"host-not-allowed": 421, "cross-origin": 403, "not-admin": 403, "not-ready": 503, "too-large": 413, "too-slow": 408,
	"media-type": 415, "unauthenticated": 401, "name-taken": 409, "quota": 409, "upgrade-required": 426, "subprotocol": 400,
	"gone": 410, "too-many-held": 429, "stopping": 503, "ended": 409, "not-running": 409, "pane-dead": 409, "pane-in-mode": 409,
	"not-reading": 503, "unknown-outcome": 503, "overloaded": 503, "no-resources": 503, "unavailable": 503, "timeout": 504,
}

// transient are the kinds of problems that a good request may get at any time: those
// that the faults cause, and a few more.
var transient = transientKinds()

func transientKinds() map[string]bool {
	all := map[string]bool{
		"stopping":    true, // the service is restarted
		"canceled":    true, // the service gave the request up
		"not-running": true, // the session is still being started
	}
	for _, response := range faults.Transient {
		all[strings.Fields(response)[1]] = true
	}
	return all
}

// unclear are the kinds of problems that leave the outcome unknown.
var unclear = map[string]bool{"canceled": true, "unknown-outcome": true, "timeout": true, "internal": true}

// user is a user of the service.
type user struct {
	name   string
	number int
	token  string
	http   *http.Client
}

func newUser(name string, number int) *user {
	return &user{name: name, number: number, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}}}
}

// marks returns the prefix of the marks of the user's sessions.
func (u *user) marks() string { return newMark(u.number, 0)[:4] }

// call is one request.
type call struct {
	what         string // the kind of request, for the stats: "GET capture"
	method, path string
	body         string
	etag         string
	wait         time.Duration // for which the service may hold it
	cut          time.Duration // after which the client leaves; 0: it waits
}

// reply is the response to a call.
type reply struct {
	status  int
	problem string // its kind
	body    string
	etag    string
	err     error // there was no response
}

// outcome returns what the client knows about its request.
func (r reply) outcome() outcome {
	switch {
	case r.err != nil || unclear[r.problem]:
		return unknown
	case r.status < 300:
		return done
	}
	return refused
}

// do sends a request and checks everything that does not depend on the request: that
// the response comes in time, is documented, and has no text of another user.
func (c *chaos) do(ctx context.Context, u *user, k call) reply {
	bound, cancel := context.WithTimeout(ctx, maxResponseTime+k.wait)
	defer cancel()
	if k.cut > 0 {
		bound, cancel = context.WithTimeout(ctx, k.cut)
		defer cancel()
	}
	r := c.roundTrip(bound, u, k)
	switch {
	case r.err != nil && ctx.Err() != nil, r.err != nil && k.cut > 0 && bound.Err() != nil:
		c.stats.count(k.what, "given up")
		return r
	case r.err != nil && errors.Is(bound.Err(), context.DeadlineExceeded):
		c.model.violation("%s %s had no response in %s", k.method, k.path, maxResponseTime+k.wait)
	}
	if r.err != nil {
		c.stats.count(k.what, "no response")
		return r
	}
	c.stats.count(k.what, strings.TrimSpace(fmt.Sprint(r.status, " ", r.problem)))
	c.checkReply(u, k, r)
	return r
}

func (c *chaos) roundTrip(ctx context.Context, u *user, k call) reply {
	req, err := http.NewRequestWithContext(ctx, k.method, c.testbed.url()+k.path, strings.NewReader(k.body))
	if err != nil {
		return reply{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+u.token)
	if k.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if k.etag != "" {
		req.Header.Set("If-None-Match", k.etag)
	}
	res, err := u.http.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	r := reply{status: res.StatusCode, body: string(body), etag: res.Header.Get("Etag"), err: err}
	if err == nil && r.status >= 400 {
		r.problem = c.problemOf(k, res, body)
	}
	return r
}

// problemOf reads the kind of a problem, and checks that it is documented.
func (c *chaos) problemOf(k call, res *http.Response, body []byte) string {
	var p struct {
		Type   string
		Status int
	}
	err := json.Unmarshal(body, &p)
	kind, ok := strings.CutPrefix(p.Type, "urn:interplexer:problem:")
	if err != nil || !ok || documented[kind] != res.StatusCode || p.Status != res.StatusCode ||
		res.Header.Get("Content-Type") != "application/problem+json" {
		c.model.violation("%s %s: not a documented problem: %d %.200q", k.method, k.path, res.StatusCode, body)
	}
	return kind
}

// checkReply checks a response to any request.
func (c *chaos) checkReply(u *user, k call, r reply) {
	if m := foreignMark(r.body, u.marks()); m != "" {
		c.model.violation("%s %s of %s shows another user's %s", k.method, k.path, u.name, m)
	}
	if r.problem == "internal" {
		c.model.violation("%s %s: %d %.300s", k.method, k.path, r.status, r.body)
	}
}

// checkProblem checks the refusal of a good request about a session.
func (c *chaos) checkProblem(s *session, k call, r reply) {
	switch {
	case r.err != nil || r.status < 400 || transient[r.problem]:
	case r.problem == "not-found" || r.problem == "ended" || r.problem == "gone":
		if wrong := c.model.checkEnd(s, r.problem); wrong != "" {
			c.model.violation("%s %s: %s", k.method, k.path, wrong)
		}
	default:
		c.model.violation("%s %s: %d %.300s", k.method, k.path, r.status, r.body)
	}
}
