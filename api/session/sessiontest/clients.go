package sessiontest

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

// Kinds of the service's control clients.
const (
	Hub      = true  // the one that reports the output of panes
	Commands = false // the one that all other commands go through
)

// ClientPID is the process of one of the service's control clients. It is 0 when
// there is none at the moment.
func (s *Service) ClientPID(hub bool) int {
	s.t.Helper()
	for line := range strings.Lines(s.RunTmux("list-clients", "-F", "#{client_pid} #{client_control_mode} #{client_flags}")) {
		fields := strings.Fields(line)
		if fields[1] == "1" && strings.Contains(fields[2], "no-output") != hub {
			pid, err := strconv.Atoi(fields[0])
			require.NoError(s.t, err)
			return pid
		}
	}
	return 0
}

// KillClient kills one of the service's control clients, unless there is none at the
// moment. The service starts another one.
func (s *Service) KillClient(hub bool) {
	s.t.Helper()
	if pid := s.ClientPID(hub); pid != 0 {
		require.NoError(s.t, syscall.Kill(pid, syscall.SIGKILL))
	}
}

// HubOf is the hub's tmux session if a window is linked into it, else "".
func (s *Service) HubOf(window string) string {
	s.t.Helper()
	for line := range strings.Lines(s.RunTmux("list-windows", "-a", "-F", "#{window_id} #{session_name}")) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id == window && controlmode.IsAnchor(name) {
			return name
		}
	}
	return ""
}

// AwaitHeld waits until n long-polls and streams are held.
func (s *Service) AwaitHeld(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.Stats().Held == n }, 20*time.Second, time.Millisecond, "%d held", n)
}

// AwaitOnlyAnchors waits until tmux has no window but those of the anchors.
func (s *Service) AwaitOnlyAnchors() {
	s.t.Helper()
	s.Eventually("only anchors are left", func() bool {
		for line := range strings.Lines(s.RunTmux("list-windows", "-a", "-F", "#{session_name} #{pane_start_command}")) {
			if !controlmode.IsAnchor(line) || !strings.Contains(line, "sleep") {
				return false
			}
		}
		return true
	})
}

// TmuxPID is the process of the tmux server.
func (s *Service) TmuxPID() string {
	s.t.Helper()
	return strings.TrimSpace(s.RunTmux("display-message", "-p", "#{pid}"))
}

// MemoryKB is the resident memory of a process, in KiB. pid may be "self".
func MemoryKB(t testing.TB, pid string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kb
}
