package api

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// A tmux that is stopped gives 503 in time, is seen, and loses nothing.
func TestTmuxStopped(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	root := s.user("root", true)
	at := alice.create(`{"command":["sh","-c","stty raw -echo; exec cat"]}`)
	require.Equal(t, 200, alice.call("GET", "/readyz", "").status)
	state := func(name string) bool {
		return strings.Contains(root.call("GET", "/metrics", "").body, fmt.Sprintf("interplexer_tmux_state{state=%q} 1\n", name))
	}
	require.True(t, state("connected"))

	pid, err := strconv.Atoi(strings.TrimSpace(controltest.Tmux(t, s.socket, "display-message", "-p", "#{pid}")))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	require.Eventually(t, func() bool {
		a := alice.call("GET", "/readyz", "")
		return a.status == 503 && strings.Contains(a.body, `"tmux":"degraded","store":"connected"`)
	}, 5*time.Second, 5*time.Millisecond)
	require.True(t, state("degraded"))
	for _, request := range [][3]string{
		{"POST", at + "/send-keys", `{"text":"refused"}`},
		{"POST", "/api/sessions", `{}`},
		{"DELETE", at, ""},
		{"GET", at, ""},
	} {
		began := time.Now()
		a := alice.call(request[0], request[1], request[2])
		require.Equal(t, "urn:interplexer:problem:unavailable", alice.problem(a, 503).Type, "%v", request)
		require.Less(t, time.Since(began), 10*time.Second)
	}
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	require.Eventually(t, func() bool { return alice.call("GET", "/readyz", "").status == 200 }, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"text":"typed"}`).status)
	require.Eventually(t, func() bool {
		return strings.HasPrefix(alice.call("GET", at+"/capture-pane", "").body, "typed\n")
	}, 5*time.Second, 5*time.Millisecond, "what was refused was not done")
	require.Equal(t, 1, strings.Count(alice.call("GET", "/api/sessions", "").body, `"status":"running"`))
}
