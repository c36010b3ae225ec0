package live_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
)

// Looks at an unchanged screen are answered from memory: tmux is asked once a second,
// for the changes that it does not report.
func TestUnchangedScreenAsksNothing(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.StartProgram(s.alice, "cat")
	s.Eventually("the screen is live", func() bool {
		before := s.Stats()
		s.look(id, session.CaptureOptions{})
		return s.Stats().Hits > before.Hits
	})
	before := s.Stats()
	began := time.Now()
	for range 500 {
		s.look(id, session.CaptureOptions{})
	}
	expired := uint64(time.Since(began)/live.ScreenMaxAge) + 2
	require.LessOrEqual(t, s.Stats().Captures-before.Captures, expired)
}

// ending is a way in which a running session ends, and its status afterwards; "": the
// session is deleted.
type ending struct {
	end    func(s service, id int64)
	status session.Status
}

var endings = map[string]ending{
	"deleted":      {func(s service, id int64) { s.MustEnd(s.alice, id) }, ""},
	"kill-session": {func(s service, id int64) { s.RunTmux("kill-session", "-t", tmuxName(id)) }, session.Exited},
	"kill-pane":    {func(s service, id int64) { s.RunTmux("kill-pane", "-t", tmuxName(id)) }, session.Exited},
	"kill-server":  {func(s service, _ int64) { s.RunTmux("kill-server") }, session.Lost},
}

// requireEnded checks the error of a Viewer. tmux ends a session before its row is
// deleted: whoever looks in between finds that it has exited.
func requireEnded(t *testing.T, err error, want session.Status) {
	t.Helper()
	var ended *session.EndedError
	switch {
	case want == "" && errors.Is(err, session.ErrNotFound):
	case want == "":
		require.ErrorAs(t, err, &ended)
		require.Equal(t, session.Exited, ended.Status)
	default:
		require.ErrorAs(t, err, &ended)
		require.Equal(t, want, ended.Status)
	}
}

// When a session ends, whoever waits for a change or for output gets to know why, and
// nothing is left in tmux.
func TestWaitingEndsWithTheSession(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			id := s.StartProgram(s.alice, "cat")
			waiting := s.awaitNews(id, session.CaptureOptions{}, s.look(id, session.CaptureOptions{}).ETag)
			following := s.attach(id, "")
			s.AwaitHeld(2)
			ending.end(s, id)
			requireEnded(t, (<-waiting).err, ending.status)
			requireEnded(t, following.awaitEnd(), ending.status)
			following.viewer.Close()
			s.AwaitHeld(0)
			s.AwaitOnlyAnchors()
		})
	}
}

// Whatever is killed, everybody who waits gets to know, and nothing is left.
func TestKillingInTurn(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	for _, kill := range []struct {
		name   string
		kill   func(id int64)
		status session.Status // afterwards; "": the session goes on
	}{
		{"hub", func(int64) { s.KillHub() }, ""},
		{"commands", func(int64) { s.KillClient(sessiontest.Commands) }, ""},
		{"session", func(id int64) { s.TypeLine(s.alice, id, "exit") }, session.Exited},
		{"server", func(int64) { s.RunTmux("kill-server") }, session.Lost},
	} {
		s.killWhileWaiting(kill.name, kill.kill, kill.status)
	}
}

// killWhileWaiting kills something while many wait for a change of a shell's screen,
// follow its screen, and follow its output.
func (s service) killWhileWaiting(name string, kill func(id int64), status session.Status) {
	const waits, followers = 100, 10
	id := s.StartProgram(s.alice, "sh")
	s.Eventually("the prompt is there", func() bool { return s.ScreenText(s.alice, id) != "" })
	etag := s.look(id, session.CaptureOptions{}).ETag
	var waiting []<-chan news
	for range waits {
		waiting = append(waiting, s.awaitNews(id, session.CaptureOptions{}, etag))
	}
	var screens []*live.Viewer
	var terminals []*terminal
	for range followers {
		screens = append(screens, s.view(id, session.CaptureOptions{}))
		terminals = append(terminals, s.attach(id, ""))
	}
	s.AwaitHeld(waits + 2*followers)
	kill(id)
	if status == "" {
		line := "echo went on"
		s.Eventually("tmux can be reached", func() bool {
			return s.Send(s.ctx, s.alice, id, session.Input{Line: &line}) == nil
		})
	}
	for _, one := range waiting {
		got := <-one
		switch {
		case status == "", name == "session" && got.err == nil: // the screen with the typed "exit" may be seen first
			require.NoError(s.t, got.err, name)
		default:
			requireEnded(s.t, got.err, status)
		}
	}
	for i := range followers {
		if status == "" {
			_, err := nextWith(s.ctx, screens[i], func(text string) bool { return strings.Contains(text, "went on") })
			require.NoError(s.t, err)
			terminals[i].awaitText("went on")
		} else {
			_, err := nextWith(s.ctx, screens[i], func(string) bool { return false })
			requireEnded(s.t, err, status)
			requireEnded(s.t, terminals[i].awaitEnd(), status)
		}
		screens[i].Close()
		terminals[i].viewer.Close()
	}
	s.AwaitHeld(0)
	s.MustEnd(s.alice, id)
	s.AwaitOnlyAnchors()
}

// The window of a human's terminal keeps its size while viewers look at it.
func TestWatchingResizesNobody(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.StartProgram(s.alice, "cat")
	s.attachHuman(id)
	layout := func() string {
		return s.RunTmux("list-windows", "-t", tmuxName(id), "-F", "#{window_index} #{window_id} #{window_width}x#{window_height} #{window_layout}")
	}
	s.Eventually("the window has the human's size", func() bool { return strings.Contains(layout(), " 200x49 ") })
	before := layout()
	var terminals []*terminal
	for range 10 {
		terminals = append(terminals, s.attach(id, ""))
		require.Equal(t, before, layout())
	}
	s.TypeLine(s.alice, id, "hello")
	for _, x := range terminals {
		x.awaitText("hello\r\nhello")
		require.Equal(t, before, layout())
	}
	s.KillClient(sessiontest.Hub)
	for x := terminals[0]; x.repaints < 2; {
		require.NoError(t, x.read(s.ctx))
	}
	require.Equal(t, before, layout())
}

// attachHuman attaches an ordinary tmux client in a terminal of 200x50 cells, until the
// test's end.
func (s service) attachHuman(id int64) {
	s.t.Helper()
	human := exec.Command("tmux", "-L", s.Socket, "attach", "-t", tmuxName(id))
	human.Env = append(os.Environ(), "TERM=xterm")
	screen, err := pty.StartWithSize(human, &pty.Winsize{Cols: 200, Rows: 50})
	require.NoError(s.t, err)
	var group sync.WaitGroup
	group.Go(func() {
		for b := make([]byte, 4096); err == nil; {
			_, err = screen.Read(b)
		}
	})
	s.t.Cleanup(func() {
		_ = human.Process.Kill()
		_ = human.Wait()
		screen.Close()
		group.Wait()
	})
}
