package controlmode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/ptyprocess"
)

// attached is the output of tmux when a client has attached.
const attached = "%begin 1 1 0\n%end 1 1 0\n%session-changed $0 interplexer-anchor-x\n"

// identified answers a client's first line, with a release.
func identified(version string) string {
	return "%begin 1 2 1\n%end 1 2 1\n%begin 1 3 1\n7 8 " + version + " /tmp/s\n%end 1 3 1\n"
}

// scriptedTmux is a tmux that writes these texts: the first at once, each other one
// when it has read another line. Then it hangs up.
func scriptedTmux(t *testing.T, says ...string) net.Conn {
	tmux, client := net.Pipe()
	done := make(chan struct{})
	t.Cleanup(func() { client.Close(); <-done })
	go func() {
		defer close(done)
		defer tmux.Close()
		lines := bufio.NewReaderSize(tmux, 1<<20)
		for i, text := range says {
			if i > 0 {
				if _, err := lines.ReadString('\n'); err != nil {
					return
				}
			}
			if _, err := tmux.Write([]byte(text)); err != nil {
				return
			}
		}
	}()
	return client
}

// framed is one block of an answer.
func framed(number int, body string) string {
	return fmt.Sprintf("%%begin 1 %d 1\n%s%%end 1 %d 1\n", number, body, number)
}

func TestDialOfATmuxThatMisbehaves(t *testing.T) {
	for name, test := range map[string]struct {
		says []string
		want string
	}{
		"hangs up":               {[]string{""}, "EOF"},
		"says why":               {[]string{"no server running\n"}, "attach: no server running"},
		"exits":                  {[]string{"%exit too many\n"}, "attach: too many"},
		"refuses":                {[]string{"%begin 1 1 0\nopen terminal failed\n%error 1 1 0\n"}, "attach: open terminal failed"},
		"hangs up later":         {[]string{attached, ""}, ErrUnknownOutcome.Error()},
		"refuses the first line": {[]string{attached, "%begin 1 2 1\nunknown flag\n%error 1 2 1\n"}, "unknown flag"},
		"does not say who it is": {[]string{attached, framed(2, "") + framed(3, "7 8\n")}, `tmux's identity is "7 8"`},
		"has no version":         {[]string{attached, identified("what")}, `tmux "what" found`},
		"has no process":         {[]string{attached, framed(2, "") + framed(3, "x 8 3.3a /tmp/s\n")}, "parse server id"},
		"is too old":             {[]string{attached, identified("3.1c")}, "tmux 3.1c found, 3.2 or later is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := NewConn(scriptedTmux(t, test.says...), ConnOptions{})
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestDialThatIsCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := Dial(ctx, DialOptions{Binary: "/nonexistent/tmux"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestProcessThatCannotStart(t *testing.T) {
	_, err := ptyprocess.Start(exec.Command("/nonexistent/tmux"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = Dial(t.Context(), DialOptions{Binary: "/nonexistent/tmux", SocketName: "none"})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = Dial(t.Context(), DialOptions{Binary: "/bin/false", SocketName: "none"})
	require.ErrorContains(t, err, "controlmode: dial: ")
}

func TestLockThatCannotBeTaken(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := lockSocket(file, "s")
	require.ErrorContains(t, err, "make tmux's socket folder")
	require.NoError(t, os.Symlink(file, filepath.Join(dir, "s.interplexer")))
	_, err = lockSocket(dir, "s")
	require.ErrorContains(t, err, "open lock", "a link is not followed")
	held, err := lockSocket(dir, "other")
	require.NoError(t, err)
	_, err = lockSocket(dir, "other")
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, held.Close())
	again, err := lockSocket(dir, "other")
	require.NoError(t, err)
	require.NoError(t, again.Close())
	require.Equal(t, "/x/tmux-"+fmt.Sprint(os.Getuid()), socketDir([]string{"A=b", "TMUX_TMPDIR=/x"}))
}

func TestServerWhoseTmuxIsBroken(t *testing.T) {
	for script, want := range map[string]string{
		"exit 3":    "-V: exit status 3",
		"echo what": `tmux "what" found`,
		"[ \"$1\" = -V ] && echo tmux 3.3a || { echo broken >&2; exit 1; }": "attach: broken",
	} {
		binary := filepath.Join(t.TempDir(), "tmux")
		require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
		env := []string{"TMUX_TMPDIR=" + t.TempDir(), "PATH=/usr/bin:/bin"}
		for range 2 { // the lock is given back
			err := NewServer(ServerOptions{Binary: binary, SocketName: "s", Env: env}).Start(t.Context())
			require.ErrorContains(t, err, want)
		}
	}
}

// An answer that cannot be one is an error of its own, and never a result.
func TestAnswersThatCannotBe(t *testing.T) {
	sealed := func(printed string) string {
		return framed(4, "") + framed(5, printed) + framed(6, "") + "%begin 1 7 1\nno cafe\n%error 1 7 1\n"
	}
	nonce := func(printed string) string { return framed(4, printed) + framed(5, "cafe\n") }
	capture := func(c *Conn) error { _, err := c.CapturePane(t.Context(), ActivePane(0)); return err }
	list := func(c *Conn) error { _, err := c.ListSessions(t.Context(), "@x"); return err }
	panes := func(c *Conn) error { _, err := c.ListPanes(t.Context(), 0); return err }
	create := func(c *Conn) error {
		_, err := c.NewSession(t.Context(), NewSessionOptions{Name: "x", Width: 1, Height: 1})
		return err
	}
	listen := func(c *Conn) error { return (&Hub{conn: c}).listen(t.Context()) }
	alternate := func(c *Conn) error { _, err := (&Hub{conn: c}).alternate(t.Context(), ActivePane(0)); return err }
	paint := func(c *Conn) error {
		_, err := (&Hub{conn: c}).repaint(t.Context(), ActivePane(0), 0, repaintOptions{})
		return err
	}
	for name, test := range map[string]struct {
		version, answer string
		ask             func(*Conn) error
		want            string
	}{
		"a capture without its newline":     {"3.3a", sealed("text\n"), capture, "no newline of its own"},
		"an empty capture":                  {"3.3a", sealed(""), capture, "no newline of its own"},
		"less lines than the pane has":      {"3.5a", framed(3, "3\n") + sealed("a\nb\n"), capture, "less than 3 lines"},
		"a height that is none":             {"3.5a", framed(3, "x\n") + sealed("a\n\n"), capture, "a pane's height is"},
		"a capture with a bad escape":       {"3.3a", sealed("\\q\n\n"), capture, `the escape \q`},
		"more lines than the pane has":      {"3.6", framed(4, "1\n") + "%begin 1 5 1\na\nb\n%end 1 5 1\n", capture, ErrUnknownOutcome.Error()},
		"no height":                         {"3.6", framed(4, "\n") + framed(5, "a\n"), capture, ErrUnknownOutcome.Error()},
		"a list with text that is too long": {"3.3a", nonce("$1 5 0 ab\n"), list, "list-sessions answered"},
		"a list with a line that ends":      {"3.3a", nonce("$1"), list, "controlmode: "},
		"a list with no id":                 {"3.3a", nonce("1 1 0 a\n"), list, "list-sessions answered"},
		"panes that are none":               {"3.3a", nonce("$0 @0 %0 2 80 24 1 0\n"), panes, "a list of panes is"},
		"two new panes":                     {"3.3a", framed(4, "$0 @0 %0 1 80 24 1 0\n$0 @0 %1 0 80 24 1 0\n"), create, "a new pane is"},
		"a hub without a session":           {"3.3a", framed(4, "") + framed(5, "x\n"), listen, "the hub's session is"},
		"a hub that is refused":             {"3.3a", "%begin 1 4 1\nno\n%error 1 4 1\n", listen, "refresh-client: no"},
		"a flag that is none":               {"3.3a", framed(4, "7\n"), alternate, "a pane's state is"},
		"a screen without a state":          {"3.3a", framed(3, "x\n") + framed(4, "") + framed(5, "") + framed(6, "\n") + framed(7, "") + "%begin 1 8 1\nno cafe\n%error 1 8 1\n", paint, "a pane's state is"},
	} {
		t.Run(name, func(t *testing.T) {
			says := scriptedTmux(t, attached, identified(test.version), test.answer, "")
			c, _, err := NewConn(says, ConnOptions{Nonce: func() string { return "cafe" }})
			require.NoError(t, err)
			defer c.Close()
			require.ErrorContains(t, test.ask(c), test.want)
		})
	}
}

// tmux 3.6 and later get the form of capture without a buffer, framed by a count.
func TestCountedCapture(t *testing.T) {
	const screen = "%end 1 5 1\n\nb\n"
	c, _, err := NewConn(scriptedTmux(t, attached, identified("3.6a"), framed(4, "3\n")+framed(5, screen), ""), ConnOptions{})
	require.NoError(t, err)
	defer c.Close()
	got, err := c.CapturePane(t.Context(), ActivePane(0))
	require.NoError(t, err)
	require.Equal(t, screen, string(got))
}

// There, a capture of any number of lines is framed by a nonce: its text cannot pass
// for tmux's protocol, and a pane that is gone does not end the connection.
func TestUncountedCapture(t *testing.T) {
	const screen = "a\n%end 1 5 1\n%begin 1 6 1\ncafe\n%end 1 6 1\n"
	state := framed(4, "3 80 1 2 1 0 7 \n")
	ask := func(answer string) ([]byte, PaneState, error) {
		c, _, err := NewConn(scriptedTmux(t, attached, identified("3.6a"), answer, ""), ConnOptions{Nonce: func() string { return "0123" }})
		require.NoError(t, err)
		defer c.Close()
		return c.CaptureScreen(t.Context(), ActivePane(0), ScreenOptions{Join: true})
	}
	got, told, err := ask(state + framed(5, screen) + "%window-add @7\n" + framed(6, "0123\n"))
	require.NoError(t, err)
	require.Equal(t, screen, string(got))
	require.Equal(t, PaneState{Width: 80, Height: 3, CursorX: 1, CursorY: 2, HistorySize: 7}, told)
	_, _, err = ask(framed(4, "       \n") + "%begin 1 5 1\ncan't find session: $0\n%error 1 5 1\n" + framed(6, "0123\n"))
	require.ErrorIs(t, err, ErrNotFound)
	_, _, err = ask(framed(4, "x\n") + framed(5, screen) + framed(6, "0123\n"))
	require.ErrorContains(t, err, "a pane's state is")
}

// A buffer's size comes before its text, which any bytes may follow.
func TestOverrunBuffer(t *testing.T) {
	ask := func(size, printed string) ([]byte, error) {
		answer := framed(3, "3 80 1 2 1 0 7 copy-mode\n") + framed(4, "") + framed(5, size) + framed(6, printed) + framed(7, "") + "%begin 1 8 1\nno cafe\n%error 1 8 1\n"
		c, _, err := NewConn(scriptedTmux(t, attached, identified("3.5a"), answer, ""), ConnOptions{Nonce: func() string { return "cafe" }})
		require.NoError(t, err)
		defer c.Close()
		text, _, err := c.CaptureScreen(t.Context(), ActivePane(0), ScreenOptions{})
		return text, err
	}
	got, err := ask("4\n", "a\nb\n%end 1 6 1\nxyz\n")
	require.NoError(t, err)
	require.Equal(t, "a\nb\n", string(got))
	for size, want := range map[string]string{"99\n": "printed 5 bytes of 99", "": "a buffer's size is", "x\n": "a buffer's size is", "1\n2\n": "a buffer's size is"} {
		_, err := ask(size, "a\nb\n\n")
		require.ErrorContains(t, err, want)
	}
}

// A line that is longer than the largest answer ends the connection.
func TestEndlessLine(t *testing.T) {
	c, _, err := NewConn(scriptedTmux(t, attached, identified("3.3a"), "%output %1 "+strings.Repeat("x", 1<<20)), ConnOptions{MaxAnswer: 100 << 10})
	require.NoError(t, err)
	defer c.Close()
	require.ErrorIs(t, c.Ping(t.Context()), ErrUnknownOutcome)
	require.ErrorIs(t, c.Err(), ErrProtocol)
}

// A long line within the limit arrives, and its memory is released.
func TestLongLine(t *testing.T) {
	var told []Notification
	long := strings.Repeat("x", 3<<20)
	c, _, err := NewConn(scriptedTmux(t, attached, identified("3.3a"), "%output %1 "+long+"\n"+framed(4, "ok\n"), ""),
		ConnOptions{OnNotification: func(n Notification) { told = append(told, n) }})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Ping(t.Context()))
	require.Equal(t, long, string(told[len(told)-1].(Output).Data))
}

func TestCommandErrors(t *testing.T) {
	for message, want := range map[string]error{
		"can't find session: $9":                        ErrNotFound,
		"no such window: @1":                            ErrNotFound,
		"duplicate session: x":                          ErrDuplicate,
		"create window failed: fork failed: No space":   ErrNoResources,
		"create session failed: Cannot allocate memory": ErrNoResources,
		"size or position is too large":                 nil,
	} {
		err := commandError("verb", message)
		require.EqualError(t, err, "controlmode: verb: "+message)
		for _, kind := range []error{ErrNotFound, ErrDuplicate, ErrNoResources} {
			require.Equal(t, kind == want, errors.Is(err, kind), message)
		}
	}
}

func TestArgumentsThatNoCommandCanCarry(t *testing.T) {
	c, _, err := NewConn(scriptedTmux(t, attached, identified("3.3a"), ""), ConnOptions{})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.NewSession(t.Context(), NewSessionOptions{Name: "a\x00b", Width: 1, Height: 1})
	require.ErrorIs(t, err, ErrNUL)
	require.ErrorIs(t, c.SendKeys(t.Context(), ActivePane(0), new(Input).Keys("\x00")), ErrNUL)
	require.NoError(t, c.Err(), "nothing was sent")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Ping(canceled), context.Canceled)
}

func TestStateNames(t *testing.T) {
	require.Equal(t, "down degraded connected", fmt.Sprint(StateDown, " ", StateDegraded, " ", StateConnected))
	require.Equal(t, StateDown, NewServer(ServerOptions{}).State())
}
