package sessiontest

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode/controltest"
)

// The steps of tests. Each fails the test when its call fails.

// In is the same Service for a subtest: its steps fail that test.
func (s *Service) In(t testing.TB) *Service {
	sub := *s
	sub.t = t
	return &sub
}

// MustCreate creates a session that echoes what is typed, or the one that o describes.
func (s *Service) MustCreate(p session.Principal, o session.CreateOptions) session.Session {
	s.t.Helper()
	if o.Command == nil {
		o.Command = []string{"cat"}
	}
	made, err := s.Create(s.t.Context(), p, o)
	require.NoError(s.t, err)
	require.Equal(s.t, session.Running, made.Status)
	return made
}

// StartProgram creates a session that runs a program, and returns its id. The program
// need not have started yet.
func (s *Service) StartProgram(p session.Principal, words ...string) int64 {
	s.t.Helper()
	return s.MustCreate(p, session.CreateOptions{Command: words}).ID
}

// MustGet describes a session.
func (s *Service) MustGet(p session.Principal, id int64) session.Session {
	s.t.Helper()
	got, err := s.Get(s.t.Context(), p, id)
	require.NoError(s.t, err)
	return got
}

// MustEnd ends a session and deletes its row.
func (s *Service) MustEnd(p session.Principal, id int64) {
	s.t.Helper()
	require.NoError(s.t, s.End(s.t.Context(), p, id))
}

// TypeLine types a line and Enter.
func (s *Service) TypeLine(p session.Principal, id int64, line string) {
	s.t.Helper()
	require.NoError(s.t, s.Send(s.t.Context(), p, id, session.Input{Line: &line}))
}

// TypeKeys types keys by their names.
func (s *Service) TypeKeys(p session.Principal, id int64, keys ...string) {
	s.t.Helper()
	require.NoError(s.t, s.Send(s.t.Context(), p, id, session.Input{Keys: keys}))
}

// ScreenText is the screen of a session, without blank lines at its end.
func (s *Service) ScreenText(p session.Principal, id int64) string {
	s.t.Helper()
	screen, err := s.Screen(s.t.Context(), p, id, session.CaptureOptions{Trim: true})
	require.NoError(s.t, err)
	return string(screen.Text)
}

// Eventually waits for a condition of whose coming no event tells.
func (s *Service) Eventually(what string, condition func() bool) {
	s.t.Helper()
	require.Eventually(s.t, condition, 20*time.Second, 5*time.Millisecond, what)
}

// AwaitText waits until a session's screen contains a text.
func (s *Service) AwaitText(p session.Principal, id int64, text string) {
	s.t.Helper()
	s.Eventually("the screen shows "+text, func() bool { return strings.Contains(s.ScreenText(p, id), text) })
}

// AwaitScreen waits until a session's screen is a text and otherwise blank.
func (s *Service) AwaitScreen(p session.Principal, id int64, text string) {
	s.t.Helper()
	s.Eventually("the screen is "+text, func() bool { return s.ScreenText(p, id) == text })
}

// AwaitStatus waits until a session has a status.
func (s *Service) AwaitStatus(p session.Principal, id int64, status session.Status) {
	s.t.Helper()
	s.Eventually("it becomes "+string(status), func() bool {
		got, err := s.Get(s.t.Context(), p, id)
		if errors.Is(err, session.ErrUnavailable) {
			return false
		}
		require.NoError(s.t, err)
		return got.Status == status
	})
}

// KillHub kills the control client that reports the output of panes, and returns its
// process. The service starts another one.
func (s *Service) KillHub() (pid int) {
	s.t.Helper()
	pid = s.AwaitHub(0)
	require.NoError(s.t, syscall.Kill(pid, syscall.SIGKILL))
	return pid
}

// AwaitHub waits until there is a hub that is not the process of before, and returns its
// process.
func (s *Service) AwaitHub(before int) (pid int) {
	s.t.Helper()
	s.Eventually("there is a hub", func() bool {
		pid = s.ClientPID(Hub)
		return pid != 0 && pid != before
	})
	return pid
}

// RunTmux is a command as a plain tmux client gives it to the tmux server, and
// returns its output.
func (s *Service) RunTmux(args ...string) string {
	s.t.Helper()
	return controltest.Tmux(s.t, s.Socket, args...)
}
