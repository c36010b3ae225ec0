package api

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// exchange is what is known of one request and its answer, for the log, the
// metrics and problems.
type exchange struct {
	http.ResponseWriter // what gin's own writes to

	id        string // the request's
	route     string // its pattern; empty: none
	times     *times // nil: none
	poll      bool
	principal session.Principal
	// gone: the client did not wait for the answer.
	gone bool
	// values are room for the headers that only this answer has.
	values [3]string
}

// The places in values.
const (
	requestIDValue = iota
	etagValue
	lengthValue
)

// setHeader is Header().Set without its allocation; name is canonical.
func (x *exchange) setHeader(name string, place int, value string) {
	x.values[place] = value
	x.Header()[name] = x.values[place : place+1 : place+1]
}

// statusGone is logged for a client that went away (nginx's invention).
const statusGone = 499

// WriteHeader begins the answer. No browser is to guess what its content is.
func (x *exchange) WriteHeader(status int) {
	if status != http.StatusNotModified { // which has none
		x.Header()["X-Content-Type-Options"] = headerNoSniff
	}
	x.ResponseWriter.WriteHeader(status)
}

// Unwrap, Flush and Hijack let the rest of net/http through, to those who ask
// for it in either way.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) Flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() }

func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(x.ResponseWriter).Hijack()
}

// exchangeOf finds the exchange under gin's writer, where Handler has put it:
// gin's own map for such things costs more than the rest of a poll.
func exchangeOf(c *gin.Context) *exchange {
	return c.Writer.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*exchange)
}

// Shared by all answers: a header map keeps the slice, nobody writes to it.
var (
	headerNoSniff = []string{"nosniff"}
	headerNoStore = []string{"no-store"}
	// headerRevalidate: may be kept, by the client alone, and is asked for anew.
	headerRevalidate = []string{"no-cache, private"}
	headerText       = []string{"text/plain; charset=utf-8"}
	headerJSON       = []string{"application/json"}
	headerProblem    = []string{"application/problem+json"}
	headerEvents     = []string{"text/event-stream"}
	headerNo         = []string{"no"}
	headerYAML       = []string{"application/yaml"}
)

// observe surrounds everything else: it names, times, counts and logs the
// request and turns a panic into a problem.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	x := exchangeOf(c)
	x.id = s.ids.of(c.Request)
	h := c.Writer.Header()
	x.setHeader("X-Request-Id", requestIDValue, x.id)
	h["Cache-Control"] = headerNoStore
	defer func() {
		if p := recover(); p != nil {
			s.panicked(c, x, p)
		}
		status := c.Writer.Status()
		if x.gone {
			status = statusGone
		}
		took := time.Since(start)
		s.metrics.observe(x.times, status, took)
		s.logAccess(c, x, status, took)
	}()
	c.Next()
}

func (s *Server) panicked(c *gin.Context, x *exchange, p any) {
	if p == http.ErrAbortHandler { // not a fault: the handler's way to cut the connection
		panic(p)
	}
	s.logger.LogAttrs(context.Background(), slog.LevelError, "panic",
		slog.Any("panic", p), slog.String("route", x.route),
		slog.String("request_id", x.id), slog.String("stack", string(debug.Stack())))
	c.Abort()
	if !c.Writer.Written() {
		writeProblem(c, x, problems[internal].problem, particulars{})
	}
}

// write sends a whole answer at once. The header's slice is shared.
func write(c *gin.Context, status int, contentType []string, body []byte) error {
	c.Writer.Header()["Content-Type"] = contentType
	exchangeOf(c).setHeader("Content-Length", lengthValue, strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	// An error means that the client is gone; there is nobody left to tell.
	_, _ = c.Writer.Write(body)
	return nil
}
