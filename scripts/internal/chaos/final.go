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
)

// settleTime is what everything gets to come to rest.
const settleTime = 20 * time.Second

// settle waits until nothing is wrong any more, and notes what stays so.
func (c *chaos) settle(what string, look func() []string) {
	var wrong []string
	for start := time.Now(); time.Since(start) < settleTime; time.Sleep(100 * time.Millisecond) {
		if wrong = look(); len(wrong) == 0 {
			return
		}
	}
	for _, one := range wrong {
		c.ledger.violation("%s: %s", what, one)
	}
}

// finale checks what must be true when the load and the faults are over.
func (c *chaos) finale(ctx context.Context) {
	if _, err := c.recover(ctx); err != nil {
		c.ledger.violation("at the end: %v", err)
		return
	}
	for _, u := range c.everybody() {
		u.http.CloseIdleConnections()
	}
	c.settle("nothing is lost", func() []string { return c.judgeSessions(ctx) })
	c.settle("nothing leaks", func() []string { return c.judgeFigures(ctx) })
	if err := c.forgetAll(ctx); err != nil {
		c.ledger.violation("at the end: %v", err)
	}
	c.settle("everything is deleted", func() []string { return append(c.judgeSessions(ctx), c.judgeTmux()...) })
	if err := c.world.service.stop(); err != nil {
		c.ledger.violation("%v: %s", err, c.world.lastWords())
	}
	c.settle("nothing is left", c.judgeRest)
	c.judgeLog()
}

// forgetAll deletes all sessions, as their owners.
func (c *chaos) forgetAll(ctx context.Context) error {
	rows, err := c.rows(ctx)
	for mark, row := range rows {
		s := c.ledger.find(mark)
		c.ledger.with(func() { s.id = row.ID }) // it may be known from now on only
		c.newActor("the last", c.userNamed(s.owner), c.prober.number).remove(ctx, s, choice{})
	}
	return err
}

// judgeSessions compares what the clients were told with the rows, with tmux,
// and with the programs that run.
func (c *chaos) judgeSessions(ctx context.Context) (wrong []string) {
	rows, err := c.rows(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	programs, wrong := c.programs()
	inTmux := map[string]bool{}
	names, err := c.world.tmux("list-sessions", "-F", "#{session_name}")
	if err != nil {
		return append(wrong, err.Error())
	}
	for name := range strings.Lines(names + "\n") {
		if name = strings.TrimSpace(name); !strings.HasPrefix(name, "interplexer-anchor-") {
			inTmux[name] = true
		}
	}
	for _, s := range c.ledger.all() {
		row, listed := rows[s.mark]
		if listed && row.Status == "running" {
			name := fmt.Sprintf("session-%d", row.ID)
			if !inTmux[name] {
				wrong = append(wrong, fmt.Sprintf("session %d runs, and tmux has no %s", row.ID, name))
			}
			delete(inTmux, name)
		}
		wrong = append(wrong, c.judgeLife(s, row, listed, programs[s.mark])...)
	}
	for name := range inTmux {
		wrong = append(wrong, "tmux has "+name+", of which nobody knows")
	}
	return wrong
}

// judgeLife compares one session with its row and its program.
func (c *chaos) judgeLife(s *life, row sessionJSON, listed bool, pid int) (wrong []string) {
	complain := func(format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("session %d (%s of %s): ", s.id, s.mark, s.owner)+fmt.Sprintf(format, args...))
	}
	running := listed && row.Status == "running"
	switch {
	case running != (pid != 0):
		complain("running as the service says: %v, its program is %d", running, pid)
	case listed && (s.removed || s.made == refused):
		complain("deleted: %v, refused: %v, and it is listed as %s", s.removed, s.made == refused, row.Status)
	case !listed && s.made == done && !s.removing:
		complain("lost without a trace")
	case running && (s.pid != 0 && s.pid != pid || len(row.Panes) != 1 || row.Panes[0].PID != pid):
		complain("its program was %d and is %d: %+v", s.pid, pid, row)
	case listed:
		if one := c.ledger.judgeStatus(s, row.Status, time.Now()); one != "" {
			wrong = append(wrong, one)
		}
	}
	return append(wrong, c.judgeRead(s, !running)...)
}

var pidLine = regexp.MustCompile(`^pid [0-9]+\n`)

// judgeRead compares what the session's program has read with what was typed.
func (c *chaos) judgeRead(s *life, cut bool) []string {
	text, err := os.ReadFile(c.world.typedFile(s.mark))
	switch {
	case errors.Is(err, fs.ErrNotExist) && cut: // ended before it began
		return c.ledger.judgeTyped(s, "", cut)
	case err != nil:
		return []string{err.Error()}
	}
	first := pidLine.FindIndex(text)
	if first == nil {
		if cut && bytes.IndexByte(text, '\n') < 0 {
			return nil
		}
		return []string{s.mark + ": its program has not begun"}
	}
	return c.ledger.judgeTyped(s, string(text[first[1]:]), cut)
}

// rows are what the users' lists have, by the sessions' marks.
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

// programs are the pids of the sessions' programs, by mark.
func (c *chaos) programs() (pids map[string]int, wrong []string) {
	all, err := processes(filepath.Join(c.world.dir, "typed"))
	if err != nil {
		return nil, []string{err.Error()}
	}
	pids = map[string]int{}
	for _, p := range all {
		if len(p.args) != 4 || p.args[1] != witnessRole {
			continue // tmux, which has not become it yet
		}
		if pids[p.args[2]] != 0 {
			wrong = append(wrong, p.args[2]+" runs twice")
		}
		pids[p.args[2]] = p.pid
	}
	return pids, wrong
}

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
