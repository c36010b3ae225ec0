package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

const fixedRole = "serve-fixed"

// fixedText is about what a capture weighs.
var fixedText = strings.Repeat("the ceiling that a fixed text sets for any answer of its length", 33)[:2047] + "\n"

// startFixed starts the ceiling: a Gin handler that knows its answer.
func startFixed(ctx context.Context, dir string, seats int) (*target, *child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	c, err := startChild(ctx, exec.Command(self, fixedRole), filepath.Join(dir, "fixed.log"))
	if err != nil {
		return nil, nil, err
	}
	// It does not look at the token, but is sent one, as the service is.
	t := &target{name: "fixed", addr: c.addr, token: strings.Repeat("x", len("ipx_")+43)}
	for i := range seats {
		t.seats = append(t.seats, seat{id: strconv.Itoa(i + 1), screen: []byte(fixedText)})
	}
	return t, c, nil
}

// serveFixed is its process.
func serveFixed(ctx context.Context, _ []string, out io.Writer) error {
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	return serveHere(ctx, fixedHandler(), out)
}

func fixedHandler() http.Handler {
	r := newRouter()
	text := []byte(fixedText)
	answer := func(c *gin.Context) {
		c.Header("Content-Length", strconv.Itoa(len(text)))
		c.Data(http.StatusOK, "text/plain; charset=utf-8", text)
	}
	r.POST("/api/session/:id/capture-pane/", answer)
	r.GET("/api/sessions/:id/capture-pane", answer)
	return r
}

func newRouter() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	return gin.New()
}

// serveHere serves on a free port of the loopback, says so, and stops with ctx.
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

const heldFixedRole = "serve-held-fixed"

// startHeldFixed starts what answers held requests with as little as can be: a Gin
// handler that has what is typed come out at once, with no tmux and no sessions.
func startHeldFixed(ctx context.Context, dir string) (*target, *child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	c, err := startChild(ctx, exec.Command(self, heldFixedRole), filepath.Join(dir, "held-fixed.log"))
	if err != nil {
		return nil, nil, err
	}
	return &target{name: "fixed", addr: c.addr, token: strings.Repeat("x", len("ipx_")+43)}, c, nil
}

// serveHeldFixed is its process.
func serveHeldFixed(ctx context.Context, _ []string, out io.Writer) error {
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	return serveHere(ctx, (&heldFixed{changed: make(chan struct{})}).handler(), out)
}

// heldFixed is one screen.
type heldFixed struct {
	held    atomic.Int64 // requests now
	mu      sync.Mutex   // guards what follows
	keys    int          // typed so far
	changed chan struct{}
}

func (f *heldFixed) handler() http.Handler {
	r := newRouter()
	r.POST("/api/sessions/", func(c *gin.Context) { c.Data(http.StatusCreated, "application/json", []byte(`{"id":1}`)) })
	r.POST("/api/sessions/:id/send-keys", f.press)
	r.GET("/api/sessions/:id/capture-pane", f.capture)
	r.GET("/metrics", func(c *gin.Context) {
		c.String(http.StatusOK, "\ninterplexer_held_requests %d\n", f.held.Load())
	})
	return r
}

func (f *heldFixed) press(c *gin.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys++
	close(f.changed)
	f.changed = make(chan struct{})
	c.Status(http.StatusNoContent)
}

func (f *heldFixed) now() (keys int, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys, f.changed
}

func (f *heldFixed) capture(c *gin.Context) {
	keys, changed := f.now()
	if c.Query("wait") != "" && c.GetHeader("If-None-Match") == fixedTag(keys) {
		f.held.Add(1)
		select {
		case <-changed:
		case <-c.Request.Context().Done():
		}
		f.held.Add(-1)
		keys, _ = f.now()
	}
	text := strings.Repeat("x", keys) + strings.Repeat("\n", screenHeight)
	c.Header("ETag", fixedTag(keys))
	c.Header("Content-Length", strconv.Itoa(len(text)))
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

func fixedTag(keys int) string { return fmt.Sprintf(`"%d"`, keys) }
