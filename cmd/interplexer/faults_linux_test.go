package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/db/dbtest"
)

// fault is something that goes wrong while the service is in use.
type fault struct {
	name string
	// setUp makes the site fit for it before the service starts.
	setUp func(*trial)
	// do makes it happen and returns when it has; undo ends it, if it does not
	// end by itself.
	do, undo func(*trial)
	// shown is waited for between do and undo: the fault is felt.
	shown func(*trial) bool
	// over: what was broken is whole again. nil: there is nothing to see of it.
	over func(*trial) bool
	// spares: nobody may notice anything.
	spares bool
	// fate is the status of the session of before; empty: running.
	fate string
	// severed: connections to the service itself may break.
	severed bool
	within  time.Duration // until all works again; 0: 5 s
	leaves  string        // what is rightly left behind; empty: nothing
}

// trial is one fault on a service of its own.
type trial struct {
	*site
	fault
	v        *server
	at       string // the URL, which a restart keeps
	client   *http.Client
	postgres *dbtest.Server
	args     []string // of serve
	token    string   // an administrator's
	session  sessionJSON
	pane     int // process of its program
	before   whole
	did      time.Time // when it happened
	starts   string    // file in which the tmux of a wrapper counts its starts

	mu      sync.Mutex // guards what follows
	seen    map[string]map[string]int
	strange map[string]int // what nothing documents
	slowest time.Duration
	broken  time.Time // the first time that readyz or the metrics said so
}

// whole is what the service is made of when nothing is wrong.
type whole struct {
	tmux, command, hub int // processes
	socket             string
	usage              usage
}

// TestFaults breaks the service in every way that we can think of while clients
// poll, wait, listen, type and create, and holds what they are told, how long it
// takes and what is left behind against what is promised. With -v it prints a
// table.
func TestFaults(t *testing.T) {
	var mu sync.Mutex // guards rows
	rows := make([]string, len(faults))
	t.Run("kinds", func(t *testing.T) {
		for i, f := range faults {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				row := f.try(t)
				mu.Lock()
				defer mu.Unlock()
				rows[i] = row
			})
		}
	})
	t.Logf("%-52s %8s %8s %8s  %-12s %s", "what was done", "noticed", "slowest", "whole in", "left behind", "what clients saw besides success")
	for _, row := range rows {
		t.Log(row)
	}
}

// try runs a fault and gives its row of the table.
func (f fault) try(t *testing.T) string {
	c := &trial{site: newSite(t, ""), fault: f, seen: map[string]map[string]int{}, strange: map[string]int{}}
	c.begin()
	stop := c.watch()
	defer stop()

	c.did = time.Now()
	f.do(c)
	if f.shown != nil {
		require.Truef(t, assert.Eventually(t, func() bool { return f.shown(c) }, patience, tick), "the fault is not felt: %s\n%s", c.answers(), c.v.log)
	}
	began := time.Now()
	if f.undo != nil {
		f.undo(c)
	}
	whole := assert.Eventually(t, func() bool { return (f.over == nil || f.over(c)) && c.works() }, patience, tick)
	took := time.Since(began)
	require.Truef(t, whole, "it does not recover\n%s\n%s", c.answers(), c.v.log)
	within := f.within
	if within == 0 {
		within = 5 * time.Second
	}
	assert.Lessf(t, took, within, "time to recover\n%s", c.v.log)
	c.feels()
	stop()

	c.mu.Lock()
	strange, noticed := c.strange, c.broken
	c.mu.Unlock()
	assert.Emptyf(t, strange, "answers that nothing documents\n%s", c.v.log)
	assert.Less(t, c.slowest, 20*time.Second, "no request hangs")
	c.end()
	left := "nothing"
	if f.leaves != "" {
		left = f.leaves
	}
	when := "-"
	if noticed.After(c.did) {
		when = fmt.Sprintf("%.2f s", noticed.Sub(c.did).Seconds())
	}
	return fmt.Sprintf("%-52s %8s %6.2f s %6.2f s  %-12s %s", f.name, when, c.slowest.Seconds(), took.Seconds(), left, c.answers())
}

// begin starts the service and a session, and notes what it is made of.
func (c *trial) begin() {
	c.t.Helper()
	c.starts = filepath.Join(c.tmp, "starts")
	require.NoError(c.t, os.Mkdir(c.temporary(), 0o700))
	c.env = append(c.env, "TMPDIR="+c.temporary())
	if c.setUp != nil {
		c.setUp(c)
	}
	port, err := net.Listen("tcp", "127.0.0.1:0") // the same after a restart
	require.NoError(c.t, err)
	c.args = append(c.args, "--listen", port.Addr().String())
	require.NoError(c.t, port.Close())
	c.v = c.start(c.args...)
	c.at, c.client = c.v.url, c.v.client
	if c.token == "" {
		c.token = c.firstToken()
	}
	c.session = c.v.create(c.token, `{"name":"old","command":["sh","-c","stty raw -echo; exec cat"]}`)
	require.Eventually(c.t, c.works, patience, tick)
	stop := c.watch() // what is opened once is opened now
	require.Eventually(c.t, func() bool { return c.clients() == 2 && c.allAnswered() }, patience, tick)
	stop()
	c.mu.Lock()
	require.Empty(c.t, c.strange)
	c.seen, c.slowest, c.broken = map[string]map[string]int{}, 0, time.Time{}
	c.mu.Unlock()
	c.before.tmux = c.number("display-message", "-p", "#{pid}")
	c.before.socket = c.tmux("display-message", "-p", "#{socket_path}")
	c.before.command, c.before.hub = c.controlClients()
	c.pane = c.number("display-message", "-p", "-t", "=session-1:", "#{pane_pid}")
	c.client.CloseIdleConnections()
	c.before.usage = c.v.usage(c.token)
}

func (c *trial) number(args ...string) int {
	c.t.Helper()
	n, err := strconv.Atoi(c.tmux(args...))
	require.NoError(c.t, err)
	return n
}

// controlClients are the processes of the service's two clients; 0: not there.
func (c *trial) controlClients() (command, hub int) {
	out, err := c.tmuxCommand("list-clients", "-F", "#{client_pid} #{client_flags}").Output()
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(out)) {
		var pid int
		var flags string
		_, _ = fmt.Sscan(line, &pid, &flags)
		if strings.Contains(flags, "no-output") {
			command = pid
		} else if strings.Contains(flags, "pause-after") {
			hub = pid
		}
	}
	return command, hub
}

func (c *trial) clients() int {
	out, err := c.tmuxCommand("list-clients").Output()
	if err != nil {
		return 0
	}
	return strings.Count(string(out), "\n")
}

// renewed reports whether the clients named are others than before.
func (c *trial) renewed(command, hub bool) bool {
	nowCommand, nowHub := c.controlClients()
	return nowCommand != 0 && nowHub != 0 && c.clients() == 2 &&
		(nowCommand != c.before.command) == command && (nowHub != c.before.hub) == hub
}

func (c *trial) kill(pid int, signal syscall.Signal) {
	c.t.Helper()
	require.NoError(c.t, syscall.Kill(pid, signal))
	if signal == syscall.SIGSTOP { // a trial that fails must leave nothing stopped
		c.t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	}
}

// works reports whether the service does all that it should.
func (c *trial) works() bool {
	ok := func(method, path, body string, status int) (string, bool) {
		res, text, err := c.v.do(c.token, method, path, body)
		return string(text), err == nil && res.StatusCode == status
	}
	if _, ready := ok("GET", "/readyz", "", http.StatusOK); !ready {
		return false
	}
	text, created := ok("POST", "/api/sessions", `{"command":["sh","-c","echo alive; exec cat"]}`, http.StatusCreated)
	if !created {
		return false
	}
	j := decode[sessionJSON](c.t, text)
	defer ok("DELETE", j.path(""), "", http.StatusNoContent)
	return assert.Eventually(silent{}, func() bool {
		screen, _ := ok("POST", j.path("capture-pane"), "", http.StatusOK)
		return strings.Contains(screen, "alive")
	}, 2*time.Second, tick)
}

// silent is a test that may fail.
type silent struct{}

func (silent) Errorf(string, ...any) {}

// feels holds the session of before against its fate: what lives can be typed
// into and shows it.
func (c *trial) feels() {
	c.t.Helper()
	want := c.fate
	if want == "" {
		want = "running"
	}
	path := c.session.path("")
	require.Eventuallyf(c.t, func() bool {
		return strings.Contains(c.v.call(c.token, "GET", path, "", http.StatusOK), `"status":"`+want+`"`)
	}, patience, tick, "%s", want)
	if want != "running" {
		require.Eventually(c.t, func() bool { return gone(c.pane) }, patience, tick, "its program has ended")
		return
	}
	require.Eventually(c.t, func() bool {
		c.v.call(c.token, "POST", c.session.path("send-keys"), `{"text":"\r\n<here>\r\n"}`, http.StatusNoContent)
		return strings.Contains(c.v.call(c.token, "POST", c.session.path("capture-pane"), "", http.StatusOK), "<here>")
	}, patience, 5*tick)
}

// gone: the process has ended; one that nobody has waited for counts.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// end removes what the trial made and waits until nothing else is left.
func (c *trial) end() {
	c.t.Helper()
	store := c.open()
	require.Eventually(c.t, func() bool { return slices.Equal(c.tmuxSessions(), c.runningRows(store)) }, patience, tick, "tmux and the store agree")
	for _, j := range decode[[]sessionJSON](c.t, c.v.call(c.token, "GET", "/api/sessions", "", http.StatusOK)) {
		c.v.call(c.token, "DELETE", j.path(""), "", http.StatusNoContent)
	}
	var left []string
	clean := assert.Eventually(c.t, func() bool { left = c.left(); return len(left) == 0 }, patience, 10*tick)
	require.Truef(c.t, clean, "left behind: %q", left)
	c.v.stop()
}

// left is what should not be there any more.
func (c *trial) left() (left []string) {
	windows := strings.Fields(c.tmux("list-windows", "-a", "-F", "#{session_name}"))
	for _, name := range windows {
		if !strings.HasPrefix(name, "interplexer-anchor-") {
			left = append(left, "session "+name)
		}
	}
	if len(windows) != 2 || c.clients() != 2 {
		left = append(left, fmt.Sprintf("%d windows and %d clients of the service's own", len(windows), c.clients()))
	}
	if buffers := c.tmux("list-buffers"); buffers != "" {
		left = append(left, "buffers "+buffers)
	}
	files, _ := filepath.Glob(filepath.Join(c.temporary(), "interplexer-*")) // fails only for a bad pattern
	left = append(left, files...)
	if n := len(familyOf(c.t, c.v.cmd.Process.Pid).Children); n != 2 {
		left = append(left, fmt.Sprintf("%d children", n))
	}
	c.client.CloseIdleConnections()
	now := c.v.usage(c.token)
	pool := c.postgres != nil // whose connections are descriptors, too
	if now.Goroutines > c.before.usage.Goroutines || now.Descriptors > c.before.usage.Descriptors && !pool {
		left = append(left, fmt.Sprintf("%+v of %+v", now, c.before.usage))
	}
	return left
}
