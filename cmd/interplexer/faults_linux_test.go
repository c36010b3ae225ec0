package main

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/cmd/interplexer/faults"
	"interplexer/db/dbtest"
)

// trial is one fault on a service of its own.
type trial struct {
	*site
	trialCase
	v        *server
	at       string // the URL, which a restart keeps
	client   *http.Client
	postgres *dbtest.Server // nil: SQLite
	args     []string       // of serve
	token    string         // of an administrator
	session  sessionJSON
	pane     int // process of its program
	before   healthy
	injected time.Time // when the fault was made
	wrapper  *faults.Wrapper

	mu           sync.Mutex                // guards the fields below
	seen         map[string]map[string]int // by client, then by response: how many
	undocumented map[string]int            // responses that the fault's effect does not allow
	slowest      time.Duration             // of all responses
	noticed      time.Time                 // when readyz or the metrics reported a problem first
}

// healthy describes the service when nothing is wrong.
type healthy struct {
	tmux, command, hub int // processes
	socket             string
	usage              usage
}

// TestFaults makes every fault of the catalogue while clients poll, wait, listen,
// type and create sessions. It checks that they get documented responses only, how
// long the recovery takes, and that nothing is left behind. With -v it prints a
// table.
func TestFaults(t *testing.T) {
	var mu sync.Mutex // guards rows
	rows := make([]string, len(trialCases))
	requireAllTried(t)
	t.Run("kinds", func(t *testing.T) {
		for i, tc := range trialCases {
			t.Run(tc.Name, func(t *testing.T) {
				t.Parallel()
				row := tc.try(t)
				mu.Lock()
				defer mu.Unlock()
				rows[i] = row
			})
		}
	})
	t.Logf("%-54s %8s %8s %9s  %-12s %s", "fault", "noticed", "slowest", "recovered", "left behind", "responses besides success")
	for _, row := range rows {
		t.Log(row)
	}
}

// requireAllTried checks that a trial or scripts/chaos makes each fault of the catalogue.
func requireAllTried(t *testing.T) {
	t.Helper()
	tried := map[string]bool{}
	for _, tc := range trialCases {
		tried[tc.Name] = true
	}
	for _, f := range onlyChaos {
		tried[f.Name] = true
	}
	for _, f := range faults.All {
		require.True(t, tried[f.Name], f.Name)
	}
}

// try makes a fault and returns its row of the table.
func (tc trialCase) try(t *testing.T) string {
	c := &trial{site: newSite(t, ""), trialCase: tc, seen: map[string]map[string]int{}, undocumented: map[string]int{}}
	c.begin()
	stop := c.startClients()
	defer stop()
	took := c.breakAndRecover()
	c.checkSession()
	stop()

	c.mu.Lock()
	undocumented, noticed := c.undocumented, c.noticed
	c.mu.Unlock()
	assert.Emptyf(t, undocumented, "responses that are not documented for this fault\n%s", c.v.log)
	assert.Less(t, c.slowest, 20*time.Second, "no request hangs")
	c.end()
	when := "-"
	if noticed.After(c.injected) {
		when = fmt.Sprintf("%.2f s", noticed.Sub(c.injected).Seconds())
	}
	return fmt.Sprintf("%-54s %8s %6.2f s %7.2f s  %-12s %s", c.Name, when, c.slowest.Seconds(), took.Seconds(), cmp.Or(c.leaves, "nothing"), c.failures())
}

// breakAndRecover makes the fault, undoes it when it is felt, and returns the time
// from then until everything works.
func (c *trial) breakAndRecover() time.Duration {
	c.t.Helper()
	c.injected = time.Now()
	undo, err := c.Inject(c.system())
	undoOnce := sync.OnceValue(func() error {
		if undo == nil {
			return nil
		}
		return undo()
	})
	c.t.Cleanup(func() { _ = undoOnce() }) // a trial that fails must leave no process stopped
	require.NoError(c.t, err)
	if c.felt != nil {
		require.Truef(c.t, assert.Eventually(c.t, func() bool { return c.felt(c) }, patience, tick), "the fault is not felt: %s\n%s", c.failures(), c.v.log)
	}
	if c.check != nil {
		c.check(c)
	}
	began := time.Now()
	require.NoError(c.t, undoOnce())
	recovered := assert.Eventually(c.t, func() bool { return c.hasRecovered() && c.works() }, patience, tick)
	took := time.Since(began)
	require.Truef(c.t, recovered, "the service does not recover\n%s\n%s", c.failures(), c.v.log)
	assert.Lessf(c.t, took, cmp.Or(c.within, 5*time.Second), "time to recover\n%s", c.v.log)
	return took
}

// hasRecovered reports whether the service has repaired the damage.
func (c *trial) hasRecovered() bool {
	switch {
	case c.recovered != nil:
		return c.recovered(c)
	case c.Effect.Replaces != 0:
		return c.replaced(c.Effect.Replaces)
	}
	return true
}

// begin starts the service and a session, and notes the healthy state.
func (c *trial) begin() {
	c.t.Helper()
	require.NoError(c.t, os.Mkdir(c.tempFolder(), 0o700))
	c.env = append(c.env, "TMPDIR="+c.tempFolder())
	c.setUp()
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
	stop := c.startClients() // the service opens some files once, for the first requests
	require.Eventually(c.t, func() bool { return c.clientCount() == 2 && c.allResponded() }, patience, tick)
	stop()
	c.mu.Lock()
	require.Empty(c.t, c.undocumented)
	c.seen, c.slowest, c.noticed = map[string]map[string]int{}, 0, time.Time{}
	c.mu.Unlock()
	c.before.tmux = c.number("display-message", "-p", "#{pid}")
	c.before.socket = c.tmux("display-message", "-p", "#{socket_path}")
	c.before.command, c.before.hub = c.controlClients()
	c.pane = c.number("display-message", "-p", "-t", "=session-1:", "#{pane_pid}")
	c.client.CloseIdleConnections()
	c.before.usage = c.v.usage(c.token)
}

// tempFolder is the service's folder for temporary files.
func (c *trial) tempFolder() string { return filepath.Join(c.tmp, "tmp") }

// number runs tmux and returns its output.
func (c *trial) number(args ...string) int {
	c.t.Helper()
	n, err := strconv.Atoi(c.tmux(args...))
	require.NoError(c.t, err)
	return n
}

// controlClients returns the processes of the service's two clients; 0: it is not
// there.
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

// clientCount returns the number of clients of the tmux server.
func (c *trial) clientCount() int {
	out, err := c.tmuxCommand("list-clients").Output()
	if err != nil {
		return 0
	}
	return strings.Count(string(out), "\n")
}

// replaced reports whether both clients are there, and exactly those of kinds are
// others than before.
func (c *trial) replaced(kinds faults.ClientKind) bool {
	command, hub := c.controlClients()
	return command != 0 && hub != 0 && c.clientCount() == 2 &&
		(command != c.before.command) == (kinds&faults.CommandClient != 0) && (hub != c.before.hub) == (kinds&faults.HubClient != 0)
}

// works reports whether the service is ready, and a session can be created, captured
// and deleted.
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

// silent discards the errors of an assertion that may fail.
type silent struct{}

func (silent) Errorf(string, ...any) {}

// checkSession checks the session of before: that it has the status of the fault's
// effect and, if it runs, that one can type into it.
func (c *trial) checkSession() {
	c.t.Helper()
	want := c.Effect.Ends.Status()
	path := c.session.path("")
	require.Eventuallyf(c.t, func() bool {
		return strings.Contains(c.v.call(c.token, "GET", path, "", http.StatusOK), `"status":"`+want+`"`)
	}, patience, tick, "%s", want)
	if want != "running" {
		require.Eventually(c.t, func() bool { return !faults.Alive(c.pane) }, patience, tick, "its program has ended")
		return
	}
	require.Eventually(c.t, func() bool {
		c.v.call(c.token, "POST", c.session.path("send-keys"), `{"text":"\r\n<here>\r\n"}`, http.StatusNoContent)
		return strings.Contains(c.v.call(c.token, "POST", c.session.path("capture-pane"), "", http.StatusOK), "<here>")
	}, patience, 5*tick)
}

// end deletes the sessions, waits until nothing is left, and stops the service.
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

// left lists what is left behind.
func (c *trial) left() (left []string) {
	windows := strings.Fields(c.tmux("list-windows", "-a", "-F", "#{session_name}"))
	for _, name := range windows {
		if !strings.HasPrefix(name, "interplexer-anchor-") {
			left = append(left, "session "+name)
		}
	}
	if len(windows) != 2 || c.clientCount() != 2 {
		left = append(left, fmt.Sprintf("%d windows and %d clients of the service itself", len(windows), c.clientCount()))
	}
	if buffers := c.tmux("list-buffers"); buffers != "" {
		left = append(left, "buffers "+buffers)
	}
	files, _ := filepath.Glob(filepath.Join(c.tempFolder(), "interplexer-*")) // fails only for a bad pattern
	left = append(left, files...)
	if n := len(familyOf(c.t, c.v.cmd.Process.Pid).Children); n != 2 {
		left = append(left, fmt.Sprintf("%d children", n))
	}
	c.client.CloseIdleConnections()
	now := c.v.usage(c.token)
	pool := c.postgres != nil // the connections are descriptors, too
	if now.Goroutines > c.before.usage.Goroutines || now.Descriptors > c.before.usage.Descriptors && !pool {
		left = append(left, fmt.Sprintf("%+v of %+v", now, c.before.usage))
	}
	return left
}
