package api

import "net/http"

// audience says who may use a route.
type audience int

const (
	user   audience = iota // any valid token; the zero value, so that a route is closed by default
	admin                  // an administrator's token
	public                 // anybody
)

type route struct {
	method, path string
	access       audience
	handle       handler
	query        []string // the known query parameters
	many         []string // those that may be given more than once
	bounded      bool     // the handler limits its own time
	once         bool     // the route obeys an Idempotency-Key
	poll         bool     // clients call it many times a second: log its successes at debug level
}

// routes lists all routes. Each is served with and without a trailing slash, and
// GET also as HEAD.
func (s *Server) routes() []route {
	const (
		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	)
	return []route{
		{method: get, path: "/healthz", handle: s.health, access: public, poll: true},
		{method: get, path: "/readyz", handle: s.ready, access: public, poll: true},
		{method: get, path: "/openapi.yaml", handle: s.openapi},
		{method: get, path: "/metrics", handle: s.exposeMetrics, access: admin, poll: true},

		{method: post, path: "/api/sessions", handle: s.createSession, once: true},
		{method: get, path: "/api/sessions", handle: s.listSessions, query: listQueries, many: listQueriesMany, poll: true},
		{method: get, path: "/api/events", handle: s.listEvents, bounded: true},
		{method: get, path: "/api/sessions/:id", handle: inSession(s.getSession), query: []string{"fields"}, poll: true},
		{method: patch, path: "/api/sessions/:id", handle: inSessionWithBody(s, editOptions, s.editSession)},
		{method: del, path: "/api/sessions/:id", handle: inSession(s.endSession)},

		{method: get, path: "/api/sessions/:id/capture-pane", handle: inSession(s.captureByQuery), query: captureQueries, poll: true, bounded: true},
		{method: post, path: "/api/sessions/:id/wait", handle: inSessionWithBody(s, waitOptions, s.wait), bounded: true},
		{method: get, path: "/api/sessions/:id/output", handle: inSession(s.output), query: outputQueries, poll: true, bounded: true},
		{method: get, path: "/api/sessions/:id/events", handle: inSession(s.sessionEvents), query: eventQueries, bounded: true},
		{method: get, path: "/api/sessions/:id/attach", handle: inSession(s.attach), query: []string{"pane", "mode"}, bounded: true},
		{method: post, path: "/api/sessions/:id/capture-pane", handle: inSessionWithBody(s, captureBody, s.captureByBody), poll: true, bounded: true},
		{method: post, path: "/api/sessions/:id/send-keys", handle: inSessionWithBody(s, inputOptions, s.sendKeys)},
		{method: post, path: "/api/sessions/:id/run", handle: inSessionWithBody(s, runOptions, s.runCommand), bounded: true, once: true},
		{method: get, path: "/api/sessions/:id/run", handle: inSession(s.awaitRun), query: []string{"run", "timeout"}, bounded: true},
		{method: post, path: "/api/exec", handle: s.exec, bounded: true, once: true},

		{method: post, path: "/api/sessions/:id/respawn", handle: inSessionWithBody(s, respawnBody, s.respawnSession)},
		{method: get, path: "/api/sessions/:id/windows", handle: inSession(s.listWindows), poll: true},
		{method: post, path: "/api/sessions/:id/windows", handle: inSessionWithBody(s, newWindow, s.createWindow)},
		{method: get, path: "/api/sessions/:id/windows/:window", handle: inSession(s.getWindow), poll: true},
		{method: patch, path: "/api/sessions/:id/windows/:window", handle: inSessionWithBody(s, windowChange, s.changeWindow)},
		{method: del, path: "/api/sessions/:id/windows/:window", handle: inSession(s.killWindow)},
		{method: get, path: "/api/sessions/:id/panes", handle: inSession(s.listPanes), poll: true},
		{method: post, path: "/api/sessions/:id/panes", handle: inSessionWithBody(s, newPane, s.splitPane)},
		{method: get, path: "/api/sessions/:id/panes/:pane", handle: inSession(s.getPane), poll: true},
		{method: patch, path: "/api/sessions/:id/panes/:pane", handle: inSessionWithBody(s, paneChange, s.changePane)},
		{method: del, path: "/api/sessions/:id/panes/:pane", handle: inSession(s.killPane)},
		{method: post, path: "/api/sessions/:id/panes/:pane/swap", handle: inSessionWithBody(s, swapWith, s.swapPanes)},
		{method: post, path: "/api/sessions/:id/panes/:pane/respawn", handle: inSessionWithBody(s, respawnBody, s.respawnPane)},

		// The older spelling.
		{method: post, path: "/api/session/:id/capture-pane", handle: inSessionWithBody(s, captureBody, s.captureByBody), poll: true, bounded: true},
		{method: post, path: "/api/session/:id/send-keys", handle: inSessionWithBody(s, inputOptions, s.sendKeys)},
	}
}
