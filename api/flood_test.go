package api

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var floodFor = flag.Duration("flood-for", 2*time.Second, "how long TestFlood floods")

// Programs that flood slow nobody else's polls down, and make nobody grow.
func TestFlood(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	quiet := alice.create(`{"command":["cat"]}`)
	idle := pollTimes(alice, quiet, *floodFor/2)
	server := strings.TrimSpace(controltest.Tmux(t, s.socket, "display-message", "-p", "#{pid}"))
	before := memoryKB(t, server)
	var floods []string
	for range 5 {
		at := alice.create(`{"command":["yes"]}`)
		floods = append(floods, at)
		alice.stream(at+"/events", "").until("screen", anyEvent) // and never read again
		alice.attach(at, "")
	}
	var curve []string
	var flooded []time.Duration
	for range 6 {
		flooded = append(flooded, pollTimes(alice, quiet, *floodFor/6)...)
		curve = append(curve, fmt.Sprintf("%d+%d", memoryKB(t, server)/1024, memoryKB(t, "self")/1024))
	}
	slices.Sort(idle)
	slices.Sort(flooded)
	p99 := func(d []time.Duration) time.Duration { return d[len(d)*99/100] }
	t.Logf("p99 of quiet polls: %s idle, %s under flood; MB of tmux + service and test: %s", p99(idle), p99(flooded), strings.Join(curve, " "))
	require.Less(t, memoryKB(t, server)-before, 100<<10, "tmux does not grow")
	require.Less(t, p99(flooded), max(50*p99(idle), 500*time.Millisecond))
	for _, at := range floods {
		position := func() string {
			return controltest.Tmux(t, s.socket, "display-message", "-p", "-t", "session-"+at[strings.LastIndexByte(at, '/')+1:], "#{history_size} #{history_bytes} #{pane_dead}")
		}
		require.True(t, strings.HasSuffix(position(), " 0\n"), "it still runs")
		require.Equal(t, 204, alice.call("DELETE", at, "").status)
	}
}

// What is printed where nobody looks any more makes tmux no larger.
func TestFloodUnwatched(t *testing.T) {
	s := startServiceOptions(t, dbtest.Open(t, db.SQLite), registry.Options{Live: live.Options{Idle: 10 * time.Millisecond}}, func(*Options) {})
	alice := s.user("alice", false)
	server := strings.TrimSpace(controltest.Tmux(t, s.socket, "display-message", "-p", "#{pid}"))
	elsewhere := alice.session(alice.create(`{"command":["cat"]}`))
	t.Cleanup(func() {
		if t.Failed() { // it has printed three times as slowly as ever, once
			busy, err := exec.Command("ps", "-eo", "stat,pcpu,time,rss,args", "--sort=-pcpu").CombinedOutput()
			t.Logf("tmux: %d KB; %v\n%.3000s", memoryKB(t, server), err, busy)
		}
	})
	for _, leave := range []struct {
		what   string
		rounds int // of 50 MB
		leave  func(at string)
	}{
		{"before", 1, func(at string) {
			window := alice.session(at).Windows[0].ID
			require.Eventually(t, func() bool { return s.hubWith(window) == "" }, 10*time.Second, 5*time.Millisecond)
			alice.typeLine(at, "")
		}},
		{"meanwhile", 4, func(at string) { alice.typeLine(at, "") }},
		{"moved", 1, func(at string) {
			pane := alice.session(at).Panes[0].ID
			controltest.Tmux(t, s.socket, "split-window", "-d", "-t", pane, "cat")
			stream := alice.stream(at+"/events", "")
			t.Cleanup(stream.cancel)
			stream.until("screen", anyEvent)
			controltest.Tmux(t, s.socket, "join-pane", "-d", "-s", pane, "-t", elsewhere.Panes[0].ID)
			controltest.Tmux(t, s.socket, "send-keys", "-t", pane, "Enter")
		}},
	} {
		before := memoryKB(t, server)
		at := alice.create(fmt.Sprintf(`{"command":["sh","-c","read x; read x; for i in $(seq %d); do head -c 50000000 /dev/zero | tr '\\0' x; done; tmux wait-for -S %s; exec cat"]}`, leave.rounds, leave.what))
		stream := alice.stream(at+"/events", "") // so that it stays linked
		stream.until("screen", anyEvent)
		window := alice.session(at).Windows[0].ID
		require.Eventually(t, func() bool { return s.hubWith(window) != "" }, 10*time.Second, 5*time.Millisecond)
		alice.typeLine(at, "heard")
		require.Eventually(t, func() bool { return strings.HasPrefix(alice.poll(at+"/capture-pane", "").body, "heard\n") }, 10*time.Second, 5*time.Millisecond)
		stream.cancel()
		left := time.Now()
		leave.leave(at)
		controltest.Tmux(t, s.socket, "wait-for", leave.what)
		t.Logf("%s: all is printed after %v", leave.what, time.Since(left))
		require.Eventually(t, func() bool { return memoryKB(t, server)-before < 20<<10 }, 5*time.Second, 10*time.Millisecond, leave.what)
	}
}

// pollTimes polls for a while.
func pollTimes(c *client, at string, d time.Duration) (took []time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		r, _ := http.NewRequest("GET", c.url+at+"/capture-pane", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		begin := time.Now()
		response, err := http.DefaultClient.Do(r)
		require.NoError(c.t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(c.t, err)
		response.Body.Close()
		require.Equal(c.t, 200, response.StatusCode)
		took = append(took, time.Since(begin))
	}
	return took
}

// memoryKB is a process's resident memory.
func memoryKB(t *testing.T, pid string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kb
}
