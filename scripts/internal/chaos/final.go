package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"interplexer/scripts/internal/process"
)

// settleTimeout bounds the time until a check at the end holds.
const settleTimeout = 20 * time.Second

// eventually waits until a check finds nothing wrong. Else it adds violations.
func (c *chaos) eventually(name string, check func() []string) {
	var wrong []string
	for start := time.Now(); time.Since(start) < settleTimeout; time.Sleep(100 * time.Millisecond) {
		if wrong = check(); len(wrong) == 0 {
			return
		}
	}
	for _, one := range wrong {
		c.model.violation("%s: %s", name, one)
	}
}

// finalChecks checks the promises that hold when the load and the faults are over.
func (c *chaos) finalChecks(ctx context.Context) {
	if _, err := c.awaitRecovery(ctx); err != nil {
		c.model.violation("at the end: %v", err)
		return
	}
	for _, u := range c.allUsers() {
		u.http.CloseIdleConnections()
	}
	c.eventually("nothing is lost", func() []string { return c.checkSessions(ctx) })
	c.eventually("nothing leaks", func() []string { return c.checkMetrics(ctx) })
	if err := c.deleteAll(ctx); err != nil {
		c.model.violation("at the end: %v", err)
	}
	c.eventually("everything is deleted", func() []string { return append(c.checkSessions(ctx), c.checkTmux()...) })
	if err := c.testbed.service.stop(); err != nil {
		c.model.violation("%v", err)
	}
	c.eventually("nothing is left", c.checkNothingLeft)
	c.checkLog()
}

// deleteAll deletes all sessions, each as its owner.
func (c *chaos) deleteAll(ctx context.Context) error {
	rows, err := c.rows(ctx)
	for mark, row := range rows {
		s := c.model.find(mark)
		c.model.locked(func() { s.id = row.ID }) // the response to its creation may have been lost
		c.newClient("cleaner", c.userNamed(s.owner), c.prober.number).remove(ctx, s, choice{})
	}
	return err
}

// checkSessions compares the model with the users' lists, with tmux, and with the
// programs that run.
func (c *chaos) checkSessions(ctx context.Context) (wrong []string) {
	rows, err := c.rows(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	programs, wrong := c.programs()
	inTmux := map[string]bool{}
	names, err := c.testbed.tmux("list-sessions", "-F", "#{session_name}")
	if err != nil {
		return append(wrong, err.Error())
	}
	for name := range strings.Lines(names + "\n") {
		if name = strings.TrimSpace(name); !strings.HasPrefix(name, "interplexer-anchor-") {
			inTmux[name] = true
		}
	}
	for _, s := range c.model.all() {
		row, listed := rows[s.mark]
		if listed && row.Status == "running" {
			name := fmt.Sprintf("session-%d", row.ID)
			if !inTmux[name] {
				wrong = append(wrong, fmt.Sprintf("session %d runs, and tmux has no %s", row.ID, name))
			}
			delete(inTmux, name)
		}
		wrong = append(wrong, c.checkFinal(s, row, listed, programs[s.mark])...)
	}
	for name := range inTmux {
		wrong = append(wrong, "tmux has "+name+", which the service does not have")
	}
	return wrong
}

// checkFinal compares one session with its row in the list and its program.
func (c *chaos) checkFinal(s *session, row sessionJSON, listed bool, pid int) (wrong []string) {
	complain := func(format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("session %d (%s of %s): ", s.id, s.mark, s.owner)+fmt.Sprintf(format, args...))
	}
	running := listed && row.Status == "running"
	switch {
	case running != (pid != 0):
		complain("running, as the service says: %v, its program is %d", running, pid)
	case listed && (s.removed || s.made == refused):
		complain("deleted: %v, refused: %v, and it is listed as %s", s.removed, s.made == refused, row.Status)
	case !listed && s.made == done && !s.removing:
		complain("lost without a trace")
	case running && (s.pid != 0 && s.pid != pid || len(row.Panes) != 1 || row.Panes[0].PID != pid):
		complain("its program was %d and is %d: %+v", s.pid, pid, row)
	case listed:
		if one := c.model.checkStatus(s, row.Status, time.Now()); one != "" {
			wrong = append(wrong, one)
		}
	}
	return append(wrong, c.checkRead(s, !running)...)
}

var pidLine = regexp.MustCompile(`^pid [0-9]+\n`)

// checkRead compares the input that the session's program has read with the input
// that was typed. ended: the program has ended.
func (c *chaos) checkRead(s *session, ended bool) []string {
	text, err := os.ReadFile(c.testbed.typedFile(s.mark))
	switch {
	case errors.Is(err, fs.ErrNotExist) && ended: // before it wrote the file
		return c.model.checkTyped(s, "", ended)
	case err != nil:
		return []string{err.Error()}
	}
	first := pidLine.FindIndex(text)
	if first == nil {
		if ended && bytes.IndexByte(text, '\n') < 0 {
			return nil
		}
		return []string{s.mark + ": its program has not begun"}
	}
	return c.model.checkTyped(s, string(text[first[1]:]), ended)
}

// rows returns the sessions in the users' lists, by their marks.
func (c *chaos) rows(ctx context.Context) (map[string]sessionJSON, error) {
	rows := map[string]sessionJSON{}
	for _, u := range append(c.users, c.prober.user) {
		r := c.do(ctx, u, call{what: "GET sessions", method: "GET", path: "/api/sessions"})
		var all []sessionJSON
		if err := json.Unmarshal([]byte(r.body), &all); err != nil || r.status != 200 {
			return nil, fmt.Errorf("the list of %s: %d %.200q %v", u.name, r.status, r.body, r.err)
		}
		for _, j := range all {
			rows[j.Name] = j
		}
	}
	return rows, nil
}

// programs returns the processes of the sessions' programs, by mark.
func (c *chaos) programs() (pids map[string]int, wrong []string) {
	all, err := process.List(filepath.Join(c.testbed.dir, "typed"))
	if err != nil {
		return nil, []string{err.Error()}
	}
	pids = map[string]int{}
	for _, p := range all {
		if len(p.Args) != 4 || p.Args[1] != programRole {
			continue // tmux after its fork, which has not executed the program yet
		}
		if pids[p.Args[2]] != 0 {
			wrong = append(wrong, p.Args[2]+" runs twice")
		}
		pids[p.Args[2]] = p.PID
	}
	return pids, wrong
}

const (
	moreGoroutines = 30 // than at the start
	moreFiles      = 20
)

// checkMetrics compares the service's resources without load with those at its start.
func (c *chaos) checkMetrics(ctx context.Context) (wrong []string) {
	now, err := c.metrics(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	for name, more := range map[string]int{"go_goroutines": moreGoroutines, "process_open_fds": moreFiles, "interplexer_held_requests": 0} {
		c.stats.last(name+", at the start", c.baseline[name])
		c.stats.last(name+", at the end", now[name])
		if now[name] > c.baseline[name]+more {
			wrong = append(wrong, fmt.Sprintf("%s is %d, and was %d", name, now[name], c.baseline[name]))
		}
	}
	return wrong
}

var metricLine = regexp.MustCompile(`(?m)^([a-z_]+) ([0-9.e+]+)$`)

// metrics returns the service's metrics that have no labels.
func (c *chaos) metrics(ctx context.Context) (map[string]int, error) {
	r := c.do(ctx, c.admin, call{what: "GET metrics", method: "GET", path: "/metrics"})
	if r.status != 200 {
		return nil, fmt.Errorf("metrics: %d %.200q %v", r.status, r.body, r.err)
	}
	all := map[string]int{}
	for _, m := range metricLine.FindAllStringSubmatch(r.body, -1) {
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		all[m[1]] = int(value)
	}
	return all, nil
}

// checkTmux checks that tmux, with no sessions left, has only the windows and clients
// of the service itself, and no buffers.
func (c *chaos) checkTmux() (wrong []string) {
	windows, err := c.testbed.tmux("list-windows", "-a", "-F", "#{session_name} #{window_id}")
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
	if clients, err := c.testbed.tmux("list-clients", "-F", "#{client_pid}"); err != nil || strings.Count(clients, "\n") > 1 {
		wrong = append(wrong, fmt.Sprintf("tmux has the clients %q, %v", clients, err))
	}
	if buffers, err := c.testbed.tmux("list-buffers", "-F", "#{buffer_name}"); err != nil || buffers != "" {
		wrong = append(wrong, fmt.Sprintf("tmux has the buffers %q, %v", buffers, err))
	}
	return wrong
}

// checkNothingLeft checks that no process is left after the service has exited
// without sessions, the tmux server included, and no temporary file.
func (c *chaos) checkNothingLeft() (wrong []string) {
	all, err := process.List(c.testbed.socket)
	if err != nil {
		return []string{err.Error()}
	}
	for _, p := range all {
		wrong = append(wrong, "left: "+p.String())
	}
	files, err := os.ReadDir(filepath.Join(c.testbed.dir, "tmp"))
	if err != nil {
		return append(wrong, err.Error())
	}
	for _, f := range files {
		wrong = append(wrong, "left: "+f.Name())
	}
	return wrong
}

// checkLog looks for failures that only the log shows.
func (c *chaos) checkLog() {
	text, err := os.ReadFile(c.testbed.log)
	if err != nil {
		c.model.violation("%v", err)
	}
	for _, bad := range []string{"DATA RACE", "panic", "fatal error"} {
		if i := bytes.Index(text, []byte(bad)); i >= 0 {
			c.model.violation("the log has %q: %s", bad, text[max(0, i-500):min(len(text), i+4000)])
		}
	}
}
