package api

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// While tmux is stopped, requests get 503 within ten seconds, and /readyz and /metrics
// say so. Afterwards nothing is lost, and nothing that was refused was done.
func TestTimedTmuxStopped(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	root := s.user("root", true)
	at := alice.create(`{"command":["sh","-c","stty raw -echo; exec cat"]}`)
	require.Equal(t, 200, alice.call("GET", "/readyz", "").status)
	state := func(name string) bool {
		return strings.Contains(root.call("GET", "/metrics", "").body, fmt.Sprintf("interplexer_tmux_state{state=%q} 1\n", name))
	}
	require.True(t, state("connected"))

	// Of two more sessions, one is linked into the hub for nobody, as by a command
	// that was given up, and one is looked at only when tmux is stopped.
	stray, late := alice.create(`{"command":["cat"]}`), alice.create(`{"command":["cat"]}`)
	windows := map[string]string{}
	for _, one := range []string{at, stray, late} {
		windows[one] = alice.session(one).Windows[0].ID
	}
	require.Equal(t, 200, alice.call("GET", at+"/capture-pane", "").status)
	var hub string
	require.Eventually(t, func() bool { hub = s.domain.HubOf(windows[at]); return hub != "" }, 5*time.Second, 5*time.Millisecond)
	slot, err := strconv.Atoi(windows[stray][1:])
	require.NoError(t, err)
	controltest.Tmux(t, s.socket, "link-window", "-d", "-s", windows[stray], "-t", fmt.Sprintf("=%s:%d", hub, 100_000+slot))
	require.Equal(t, hub, s.domain.HubOf(windows[stray]))

	pid, err := strconv.Atoi(strings.TrimSpace(controltest.Tmux(t, s.socket, "display-message", "-p", "#{pid}")))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	require.Eventually(t, func() bool {
		a := alice.call("GET", "/readyz", "")
		return a.status == 503 && strings.Contains(a.body, `"tmux":"degraded","store":"connected"`)
	}, 5*time.Second, 5*time.Millisecond)
	require.True(t, state("degraded"))
	requests := [][3]string{
		{"GET", late + "/capture-pane", ""},
		{"POST", at + "/send-keys", `{"text":"refused"}`},
		{"POST", "/api/sessions", `{}`},
		{"DELETE", at, ""},
	}
	began := time.Now()
	answers := make([]answer, len(requests))
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() { _, answers[i] = alice.send(r[0], r[1], r[2]) })
	}
	all.Wait()
	require.Less(t, time.Since(began), 10*time.Second)
	for i, a := range answers {
		require.Equal(t, "urn:interplexer:problem:unavailable", alice.problem(a, 503).Type, "%v", requests[i])
	}
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	require.Eventually(t, func() bool { return alice.call("GET", "/readyz", "").status == 200 }, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"text":"typed"}`).status)
	require.Eventually(t, func() bool {
		return strings.HasPrefix(alice.call("GET", at+"/capture-pane", "").body, "typed\n")
	}, 5*time.Second, 5*time.Millisecond, "the refused text was not typed")
	require.Equal(t, 3, strings.Count(alice.call("GET", "/api/sessions", "").body, `"status":"running"`))
	require.Eventually(t, func() bool { return s.domain.HubOf(windows[late]) == hub }, 10*time.Second, 10*time.Millisecond, "the late session is linked")
	require.Eventually(t, func() bool { return s.domain.HubOf(windows[stray]) == "" }, 10*time.Second, 10*time.Millisecond, "the stray window is unlinked")
	require.Equal(t, hub, s.domain.HubOf(windows[at]))
}
