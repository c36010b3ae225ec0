package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// access says who may use a route.
type access int

const (
	user   access = iota // any valid token; the zero value, so that a route is closed unless it says otherwise
	admin                // an administrator's token
	public               // anybody
)

// handler answers one route, or returns the error to be answered with. p is
// zero on a public route.
type handler func(ctx context.Context, c *gin.Context, p session.Principal) error

type route struct {
	method, path string
	access       access
	handle       handler
	query        []string // the query parameters it knows
	many         []string // those of them that may be given more than once
	bounded      bool     // its handler bounds its own time
	once         bool     // an Idempotency-Key has it carried out once
	poll         bool     // called many times a second: successes are logged at debug level only
}

// routes are all there are; each is served with and without a trailing slash,
// and GET also as HEAD.
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
		{method: get, path: "/api/sessions/:id", handle: s.getSession, query: []string{"fields"}, poll: true},
		{method: patch, path: "/api/sessions/:id", handle: s.editSession},
		{method: del, path: "/api/sessions/:id", handle: s.endSession},

		{method: get, path: "/api/sessions/:id/capture-pane", handle: s.captureByQuery, query: captureQueries, poll: true, bounded: true},
		{method: post, path: "/api/sessions/:id/wait", handle: s.wait, bounded: true},
		{method: get, path: "/api/sessions/:id/output", handle: s.output, query: outputQueries, poll: true, bounded: true},
		{method: get, path: "/api/sessions/:id/events", handle: s.sessionEvents, query: eventQueries, bounded: true},
		{method: get, path: "/api/sessions/:id/attach", handle: s.attach, query: []string{"pane", "mode"}, bounded: true},
		{method: post, path: "/api/sessions/:id/capture-pane", handle: s.captureByBody, poll: true, bounded: true},
		{method: post, path: "/api/sessions/:id/send-keys", handle: s.sendKeys},
		{method: post, path: "/api/sessions/:id/run", handle: s.runCommand, bounded: true, once: true},
		{method: get, path: "/api/sessions/:id/run", handle: s.awaitRun, query: []string{"run", "timeout"}, bounded: true},
		{method: post, path: "/api/exec", handle: s.exec, bounded: true, once: true},

		{method: post, path: "/api/sessions/:id/respawn", handle: s.respawnSession},
		{method: get, path: "/api/sessions/:id/windows", handle: s.listWindows, poll: true},
		{method: post, path: "/api/sessions/:id/windows", handle: s.createWindow},
		{method: get, path: "/api/sessions/:id/windows/:window", handle: s.getWindow, poll: true},
		{method: patch, path: "/api/sessions/:id/windows/:window", handle: s.changeWindow},
		{method: del, path: "/api/sessions/:id/windows/:window", handle: s.killWindow},
		{method: get, path: "/api/sessions/:id/panes", handle: s.listPanes, poll: true},
		{method: post, path: "/api/sessions/:id/panes", handle: s.splitPane},
		{method: get, path: "/api/sessions/:id/panes/:pane", handle: s.getPane, poll: true},
		{method: patch, path: "/api/sessions/:id/panes/:pane", handle: s.changePane},
		{method: del, path: "/api/sessions/:id/panes/:pane", handle: s.killPane},
		{method: post, path: "/api/sessions/:id/panes/:pane/swap", handle: s.swapPanes},
		{method: post, path: "/api/sessions/:id/panes/:pane/respawn", handle: s.respawnPane},

		// The origin's spelling.
		{method: post, path: "/api/session/:id/capture-pane", handle: s.captureByBody, poll: true, bounded: true},
		{method: post, path: "/api/session/:id/send-keys", handle: s.sendKeys},
	}
}

func (s *Server) router() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.HandleMethodNotAllowed = true
	// "%31" is not a spelling of the id 1.
	e.UseEscapedPath = true
	e.UnescapePathValues = false
	e.Use(s.observe, s.guard)
	e.NoRoute(func(c *gin.Context) { s.refuse(c, errNoRoute) })
	e.NoMethod(func(c *gin.Context) { s.refuse(c, errNoMethod) })
	for _, r := range s.routes() {
		h := s.serve(r)
		for _, path := range []string{r.path, r.path + "/"} {
			e.Handle(r.method, path, h)
			if r.method == http.MethodGet {
				e.HEAD(path, h)
			}
		}
	}
	return e
}

// serve is the frame around every route's handler.
func (s *Server) serve(r route) gin.HandlerFunc {
	times := s.metrics.route(r.path)
	return func(c *gin.Context) {
		x := exchangeOf(c)
		x.route, x.poll, x.times = r.path, r.poll, times
		ctx := c.Request.Context()
		if !r.bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.options.RequestTimeout)
			defer cancel()
		}
		err := s.admit(ctx, c, r, x)
		if err == nil {
			err = s.answer(ctx, c, r, x)
		}
		if err != nil {
			s.refuse(c, err)
		}
	}
}

// admit decides whether the request may reach the handler.
func (s *Server) admit(ctx context.Context, c *gin.Context, r route, x *exchange) error {
	if r.access == public {
		return nil
	}
	p, err := s.authenticate(ctx, c.Request)
	if err != nil {
		return err
	}
	x.principal = p
	if r.access == admin && !p.Admin {
		return errNotAdmin
	}
	return checkQuery(c.Request.URL.RawQuery, r.query, r.many)
}

// guard refuses what no route may be asked, known or not.
func (s *Server) guard(c *gin.Context) {
	switch {
	case !s.hosts.allow(c.Request.Host):
		s.refuse(c, errHost)
		c.Abort()
	case s.origins.Check(c.Request) != nil:
		s.refuse(c, errCrossOrigin)
		c.Abort()
	}
}
