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
