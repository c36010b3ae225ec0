package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

const spawnerRole = "serve-spawner"

// startSpawner starts the server that the service is compared with: the least that
// a Go server needs which starts a tmux process for each call. It has no users.
func (b *bench) startSpawner(ctx context.Context) (*target, error) {
	s, err := b.startRole(ctx, spawnerRole, b.tmux, socketName("b"))
	if err != nil {
		return nil, err
	}
	return &target{name: "spawner", addr: s.addr}, nil
}

// socketName returns a name for tmux -L that only this process uses.
func socketName(suffix string) string { return fmt.Sprintf("ipx-bench-%d-%s", os.Getpid(), suffix) }

// serveSpawner is the process that startSpawner starts. args are the tmux program
// and the name of its socket.
func serveSpawner(ctx context.Context, args []string, out io.Writer) error {
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	if len(args) != 2 {
		return usageError{fmt.Errorf("%s needs a tmux program and a socket name", spawnerRole)}
	}
	s := &spawner{tmux: args[0], socket: args[1]}
	err := serveHere(ctx, s.handler(), out)
	return errors.Join(err, endTmux(s.tmux, s.socket, nil))
}

// spawner has the first endpoints of the API, on a private tmux server.
type spawner struct {
	tmux, socket string
	last         atomic.Int64 // id of the newest session
}

func (s *spawner) handler() http.Handler {
	r := newRouter()
	r.POST("/api/sessions/", s.create)
	r.GET("/api/sessions/", s.list)
	r.DELETE("/api/sessions/:id/", s.end)
	r.POST("/api/session/:id/capture-pane/", s.capture)
	r.POST("/api/session/:id/send-keys/", s.sendKeys)
	return r
}

// run runs tmux and returns its standard output. When tmux fails, run sends the
// response.
func (s *spawner) run(c *gin.Context, args ...string) ([]byte, bool) {
	cmd := exec.Command(s.tmux, append([]string{"-L", s.socket, "-f", "/dev/null"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		c.String(http.StatusInternalServerError, "tmux %s: %v: %s", args[0], err, stderr.String())
	}
	return out, err == nil
}

func (s *spawner) create(c *gin.Context) {
	var body struct {
		Command       []string
		Width, Height int
	}
	if err := c.BindJSON(&body); err != nil {
		return
	}
	id := s.last.Add(1)
	args := append([]string{
		"new-session", "-d", "-s", sessionName(strconv.FormatInt(id, 10)),
		"-x", strconv.Itoa(body.Width), "-y", strconv.Itoa(body.Height), "--",
	}, body.Command...)
	if _, ok := s.run(c, args...); ok {
		c.JSON(http.StatusCreated, gin.H{"id": id})
	}
}

func (s *spawner) list(c *gin.Context) {
	out, ok := s.run(c, "list-sessions", "-F", "#{session_name}")
	if !ok {
		return
	}
	type session struct {
		Name string `json:"name"`
	}
	all := []session{}
	for name := range strings.Lines(string(out)) {
		all = append(all, session{Name: strings.TrimSuffix(name, "\n")})
	}
	c.JSON(http.StatusOK, all)
}

func (s *spawner) end(c *gin.Context) {
	if _, ok := s.run(c, "kill-session", "-t", sessionName(c.Param("id"))); ok {
		c.Status(http.StatusNoContent)
	}
}

func (s *spawner) capture(c *gin.Context) {
	if out, ok := s.run(c, "capture-pane", "-p", "-t", sessionName(c.Param("id"))); ok {
		c.Header("Content-Length", strconv.Itoa(len(out)))
		c.Data(http.StatusOK, "text/plain; charset=utf-8", out)
	}
}

func (s *spawner) sendKeys(c *gin.Context) {
	var body struct{ Keys string }
	if err := c.BindJSON(&body); err != nil {
		return
	}
	if _, ok := s.run(c, "send-keys", "-t", sessionName(c.Param("id")), "-l", "--", body.Keys); ok {
		c.Status(http.StatusNoContent)
	}
}

func sessionName(id string) string { return "session-" + id }
