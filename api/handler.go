package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// handler answers one route, or returns the error that becomes the response.
// p is zero on a public route.
type handler func(ctx context.Context, c *gin.Context, p session.Principal) error

// sessionHandler answers a route below a session.
type sessionHandler func(ctx context.Context, c *gin.Context, p session.Principal, at target) error

// inSession adapts a handler that needs the ids in the path.
func inSession(handle sessionHandler) handler {
	return func(ctx context.Context, c *gin.Context, p session.Principal) error {
		at, err := targetOf(c)
		if err != nil {
			return err
		}
		return handle(ctx, c, p, at)
	}
}

// inSessionWithBody adapts a handler that needs the ids in the path and the
// decoded body. The ids are checked first.
func inSessionWithBody[T any](
	s *Server, decode func(*object) (T, error),
	handle func(ctx context.Context, c *gin.Context, p session.Principal, at target, body T) error,
) handler {
	return inSession(func(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
		body, err := decodeBody(s, c, decode)
		if err != nil {
			return err
		}
		return handle(ctx, c, p, at, body)
	})
}

// router registers every route with and without a trailing slash.
func (s *Server) router() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.HandleMethodNotAllowed = true
	// An id has one spelling: "%31" is not the id 1.
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

// guard refuses requests that no route may answer, known or not.
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

// serve wraps a route's handler: it sets the time limit, authenticates, calls
// the handler, and answers with its error.
func (s *Server) serve(r route) gin.HandlerFunc {
	times := s.metrics.route(r.path)
	return func(c *gin.Context) {
		x := requestStateOf(c)
		x.route, x.poll, x.times = r.path, r.poll, times
		ctx := c.Request.Context()
		if !r.bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.options.RequestTimeout)
			defer cancel()
		}
		err := s.admit(ctx, c, r, x)
		if err == nil {
			err = s.handle(ctx, c, r, x)
		}
		if err != nil {
			s.refuse(c, err)
		}
	}
}

// admit decides whether the request may reach the handler.
func (s *Server) admit(ctx context.Context, c *gin.Context, r route, x *requestState) error {
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
