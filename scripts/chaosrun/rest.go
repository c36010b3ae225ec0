package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const (
	moreGoroutines = 30
	moreFiles      = 20
)

// judgeFigures: with no load the service has about what it had at its start.
func (c *chaos) judgeFigures(ctx context.Context) (wrong []string) {
	now, err := c.figures(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	for name, more := range map[string]int{"go_goroutines": moreGoroutines, "process_open_fds": moreFiles, "interplexer_held_requests": 0} {
		c.tally.last(name+", at the start", c.baseline[name])
		c.tally.last(name+", at the end", now[name])
		if now[name] > c.baseline[name]+more {
			wrong = append(wrong, fmt.Sprintf("%s is %d, and was %d", name, now[name], c.baseline[name]))
		}
	}
	return wrong
}

var figureForm = regexp.MustCompile(`(?m)^([a-z_]+) ([0-9.e+]+)$`)

// figures are the service's metrics without labels.
func (c *chaos) figures(ctx context.Context) (map[string]int, error) {
	r := c.do(ctx, c.admin, call{what: "GET metrics", method: "GET", path: "/metrics"})
	if r.status != 200 {
		return nil, fmt.Errorf("metrics: %d %.200q %v", r.status, r.body, r.err)
	}
	figures := map[string]int{}
	for _, m := range figureForm.FindAllStringSubmatch(r.body, -1) {
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		figures[m[1]] = int(value)
	}
	return figures, nil
}

// judgeTmux: with no sessions left, tmux has what belongs to the service's two
// clients.
func (c *chaos) judgeTmux() (wrong []string) {
	windows, err := c.world.tmux("list-windows", "-a", "-F", "#{session_name} #{window_id}")
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(windows + "\n") {
		if !strings.HasPrefix(line, "interplexer-anchor-") {
			wrong = append(wrong, "tmux has the window "+strings.TrimSpace(line))
		}
	}
	if n := strings.Count(windows, "interplexer-anchor-"); n > 2 {
		wrong = append(wrong, "tmux has more windows than the two clients': "+windows)
	}
	if clients, err := c.world.tmux("list-clients", "-F", "#{client_pid}"); err != nil || strings.Count(clients, "\n") > 1 {
		wrong = append(wrong, fmt.Sprintf("tmux has the clients %q, %v", clients, err))
	}
	if buffers, err := c.world.tmux("list-buffers", "-F", "#{buffer_name}"); err != nil || buffers != "" {
		wrong = append(wrong, fmt.Sprintf("tmux has the buffers %q, %v", buffers, err))
	}
	return wrong
}

// judgeRest: when the service has ended and had no sessions, no process is
// left, tmux's included, and no file besides those that it keeps.
func (c *chaos) judgeRest() (wrong []string) {
	all, err := processes(c.world.socket)
	if err != nil {
		return []string{err.Error()}
	}
	for _, p := range all {
		wrong = append(wrong, "left: "+p.String())
	}
	files, err := os.ReadDir(filepath.Join(c.world.dir, "tmp"))
	if err != nil {
		return append(wrong, err.Error())
	}
	for _, f := range files {
		wrong = append(wrong, "left: "+f.Name())
	}
	return wrong
}

// judgeLog looks for what only the log tells.
func (c *chaos) judgeLog() {
	text, err := os.ReadFile(c.world.log)
	if err != nil {
		c.ledger.violation("%v", err)
	}
	for _, bad := range []string{"DATA RACE", "panic", "fatal error"} {
		if i := bytes.Index(text, []byte(bad)); i >= 0 {
			c.ledger.violation("the log has %q: %s", bad, text[max(0, i-500):min(len(text), i+4000)])
		}
	}
}
