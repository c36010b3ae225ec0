package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// Roles of this program, as a server with a fixed response.
const (
	fixedRole     = "serve-fixed"
	heldFixedRole = "serve-held-fixed"
)

// fixedText is as long as a capture, about.
var fixedText = strings.Repeat("the ceiling that a fixed text sets for any answer of its length", 33)[:2047] + "\n"

// fixedToken is as long as a token of the service. The fixed servers do not look
// at it, but a request to them is as long as one to the service.
var fixedToken = strings.Repeat("x", len("ipx_")+43)

// startFixed starts a Gin handler that always responds with the same text, which
// is the upper bound for the service's speed.
func (b *bench) startFixed(ctx context.Context, sessions int) (*target, error) {
	s, err := b.startRole(ctx, fixedRole)
	if err != nil {
		return nil, err
	}
	t := &target{name: "fixed", addr: s.addr, token: fixedToken}
	for i := range sessions {
		t.sessions = append(t.sessions, session{id: strconv.Itoa(i + 1), screen: []byte(fixedText)})
	}
	return t, nil
}

// serveFixed is the process that startFixed starts.
func serveFixed(ctx context.Context, _ []string, out io.Writer) error {
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	return serveHere(ctx, fixedHandler(), out)
}

func fixedHandler() http.Handler {
	r := newRouter()
	text := []byte(fixedText)
	respond := func(c *gin.Context) {
		c.Header("Content-Length", strconv.Itoa(len(text)))
		c.Data(http.StatusOK, "text/plain; charset=utf-8", text)
	}
	r.POST("/api/session/:id/capture-pane/", respond)
	r.GET("/api/sessions/:id/capture-pane", respond)
	return r
}

// startHeldFixed starts the least that can respond to held requests: a Gin handler
// that shows its input at once, with no tmux and no sessions.
func (b *bench) startHeldFixed(ctx context.Context) (*target, error) {
	s, err := b.startRole(ctx, heldFixedRole)
	if err != nil {
		return nil, err
	}
	return &target{name: "fixed", addr: s.addr, token: fixedToken}, nil
}

// serveHeldFixed is the process that startHeldFixed starts.
func serveHeldFixed(ctx context.Context, _ []string, out io.Writer) error {
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	return serveHere(ctx, (&heldFixed{changed: make(chan struct{})}).handler(), out)
}

// heldFixed is one screen.
type heldFixed struct {
	held    atomic.Int64  // requests that wait now
	mu      sync.Mutex    // guards the fields below
	keys    int           // typed so far
	changed chan struct{} // closed by the next key
}

func (f *heldFixed) handler() http.Handler {
	r := newRouter()
	r.POST("/api/sessions/", func(c *gin.Context) { c.Data(http.StatusCreated, "application/json", []byte(`{"id":1}`)) })
	r.POST("/api/sessions/:id/send-keys", f.sendKeys)
	r.GET("/api/sessions/:id/capture-pane", f.capture)
	r.GET("/metrics", func(c *gin.Context) {
		c.String(http.StatusOK, "\ninterplexer_held_requests %d\n", f.held.Load())
	})
	return r
}

func (f *heldFixed) sendKeys(c *gin.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys++
	close(f.changed)
	f.changed = make(chan struct{})
	c.Status(http.StatusNoContent)
}

func (f *heldFixed) state() (keys int, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys, f.changed
}

func (f *heldFixed) capture(c *gin.Context) {
	keys, changed := f.state()
	if c.Query("wait") != "" && c.GetHeader("If-None-Match") == fixedTag(keys) {
		f.held.Add(1)
		select {
		case <-changed:
		case <-c.Request.Context().Done():
		}
		f.held.Add(-1)
		keys, _ = f.state()
	}
	text := strings.Repeat("x", keys) + strings.Repeat("\n", screenHeight)
	c.Header("ETag", fixedTag(keys))
	c.Header("Content-Length", strconv.Itoa(len(text)))
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

func fixedTag(keys int) string { return fmt.Sprintf(`"%d"`, keys) }

func newRouter() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	return gin.New()
}

// serveHere serves on a free port of the loopback interface and prints the
// address. It returns when ctx is done.
func serveHere(ctx context.Context, h http.Handler, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	fmt.Fprintf(out, "benchmark serves http://%s\n", l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
