package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

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
