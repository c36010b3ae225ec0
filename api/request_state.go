package api

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// requestState is the state of one request and its response, for the log, the
// metrics and problems. It is also the response writer under gin's.
type requestState struct {
	http.ResponseWriter

	id        string // the request's
	route     string // its pattern; "" if no route matched
	times     *times // nil if no route matched
	poll      bool
	principal session.Principal
	gone      bool // the client did not wait for the response
	slots     headerSlots
}

// WriteHeader begins the response. It tells browsers not to guess the type of
// the content; a 304 has none.
func (x *requestState) WriteHeader(status int) {
	if status != http.StatusNotModified {
		x.Header()["X-Content-Type-Options"] = headerNoSniff
	}
	x.ResponseWriter.WriteHeader(status)
}

// Unwrap, Flush and Hijack give access to the rest of net/http's writer, both
// for http.ResponseController and for type assertions.
func (x *requestState) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *requestState) Flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() }

func (x *requestState) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(x.ResponseWriter).Hijack()
}

// statusGone is logged if the client went away. nginx invented this number.
const statusGone = 499

// observe is the outermost middleware: it gives the request an id, times, counts
// and logs it, and turns a panic into a problem.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	x := requestStateOf(c)
	x.id = s.ids.of(c.Request)
	h := c.Writer.Header()
	x.setHeader("X-Request-Id", requestIDSlot, x.id)
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

// panicked logs a panic and answers with a problem. http.ErrAbortHandler is not
// a fault: a handler cuts the connection with it.
func (s *Server) panicked(c *gin.Context, x *requestState, p any) {
	if p == http.ErrAbortHandler {
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

// maxLoggedPath bounds how much of a request's path goes to the log, in bytes.
const maxLoggedPath = 256

// logAccess writes one line for each request. It leaves out the query and the
// headers, as they may hold secrets.
func (s *Server) logAccess(c *gin.Context, x *requestState, status int, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case x.poll && status < http.StatusBadRequest:
		level = slog.LevelDebug
	}
	ctx := c.Request.Context()
	if !s.logger.Enabled(ctx, level) {
		return
	}
	path := c.Request.URL.Path
	if len(path) > maxLoggedPath {
		path = path[:maxLoggedPath]
	}
	s.logger.LogAttrs(ctx, level, "request",
		slog.String("method", c.Request.Method),
		slog.String("route", x.route),
		slog.String("path", path),
		slog.Int("status", status),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("duration", took),
		slog.String("user", x.principal.User),
		slog.String("request_id", x.id),
		slog.String("remote", c.Request.RemoteAddr))
}

const maxRequestID = 64

// requestIDs gives each request an id: the client's own if it is harmless, or
// else one that no other request to any server has.
type requestIDs struct {
	process string
	last    *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return requestIDs{process: hex.EncodeToString(b[:]) + "-", last: new(atomic.Uint64)}
}

func (r requestIDs) of(req *http.Request) string {
	if given := req.Header["X-Request-Id"]; len(given) == 1 && harmless(given[0]) {
		return given[0]
	}
	var room [maxRequestID]byte
	return string(strconv.AppendUint(append(room[:0], r.process...), r.last.Add(1), 10))
}

// harmless reports whether an id is short and made of letters, digits, ".", "_"
// and "-".
func harmless(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch b := id[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '.', b == '_', b == '-':
		default:
			return false
		}
	}
	return true
}
