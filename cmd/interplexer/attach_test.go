package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with interplexer attach in it.
type terminal struct {
	t        *testing.T
	pty, tty *os.File
	cmd      *exec.Cmd
	out      *logBuffer
	before   unix.Termios // the settings before attach
}

// attach starts interplexer attach in a new terminal of 70x20 cells.
func (c *userCLI) attach(args ...string) *terminal {
	c.t.Helper()
	k := &terminal{t: c.t, out: &logBuffer{}, cmd: c.command(append([]string{"attach"}, args...)...)}
	var err error
	k.pty, k.tty, err = pty.Open()
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = k.pty.Close(); _ = k.tty.Close() })
	require.NoError(c.t, pty.Setsize(k.pty, &pty.Winsize{Cols: 70, Rows: 20}))
	k.before = k.settings()
	k.cmd.Stdin, k.cmd.Stdout, k.cmd.Stderr = k.tty, k.tty, k.tty
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(c.t, k.cmd.Start())
	go func() { _, _ = io.Copy(k.out, k.pty) }()
	return k
}

func (k *terminal) settings() unix.Termios {
	k.t.Helper()
	settings, err := unix.IoctlGetTermios(int(k.tty.Fd()), termiosRequest)
	require.NoError(k.t, err)
	return *settings
}

func (k *terminal) typeKeys(text string) {
	k.t.Helper()
	_, err := k.pty.WriteString(text)
	require.NoError(k.t, err)
}

// awaitExit waits for the program to exit. It requires the exit status, the text
// last in the output, and the terminal settings of before.
func (k *terminal) awaitExit(status int, last string) {
	k.t.Helper()
	watchdog := time.AfterFunc(patience, func() { _ = k.cmd.Process.Kill() })
	defer watchdog.Stop()
	err := k.cmd.Wait()
	if status == 0 {
		require.NoError(k.t, err, k.out.String())
	} else {
		var exit *exec.ExitError
		require.ErrorAs(k.t, err, &exit)
		require.Equal(k.t, status, exit.ExitCode(), k.out.String())
	}
	require.Equal(k.t, k.before, k.settings())
	k.out.await(k.t, "\x1b[?25h\x1b[999;1H\r\n")
	k.out.await(k.t, last)
}

// awaitPaneSize waits until the session has a pane of that size.
func (c *userCLI) awaitPaneSize(id, size string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return strings.Contains(c.run("show", id), ", "+size+", process") }, patience, tick)
}

func TestAttachCommand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	c := v.cliAs("")
	id := strings.TrimSpace(c.run("new", "--name", "build", "sh", "-c", `stty -echo; echo ready; while read x; do echo "got $x"; done`))
	c.awaitCapture(id, "ready\n")

	k := c.attach("build")
	k.out.await(t, "ready")
	c.awaitPaneSize(id, "70x20") // this terminal's
	require.NotEqual(t, k.before, k.settings(), "the terminal is raw")
	k.typeKeys("hé\r")
	k.out.await(t, "got hé\r\n")
	require.NoError(t, pty.Setsize(k.pty, &pty.Winsize{Cols: 90, Rows: 30}))
	c.awaitPaneSize(id, "90x30")
	k.typeKeys("last\r\x1c")
	k.awaitExit(0, "[detached]")
	require.Eventually(t, func() bool { return strings.Contains(c.run("capture", id), "got last") }, patience, tick, "keys before the detach key arrive")

	k = c.attach("--detach-key", "C-]", "--view", id)
	k.out.await(t, "got last")
	k.typeKeys("not typed\x1c\r")
	k.typeKeys("\x1d")
	k.awaitExit(0, "[detached]")
	require.NotContains(t, c.run("capture", id), "not typed")

	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		k = c.attach(id)
		k.out.await(t, "got last")
		require.NoError(t, k.cmd.Process.Signal(end))
		k.awaitExit(exitFailure, "interplexer: interrupted")
	}

	k = c.attach(id)
	k.out.await(t, "got last")
	c.run("kill", id)
	k.awaitExit(0, "[session ")
	// A deletion ends the session in tmux first and deletes the row then: the API's
	// specification allows both statuses.
	require.Regexp(t, `\[session (exited|deleted)\]`, k.out.String())

	id = strings.TrimSpace(c.run("new", "cat"))
	k = c.attach(id)
	k.out.await(t, "\x1b[?25h") // the first repaint; the terminal is raw by now
	k.typeKeys("hello\r\x04")
	k.awaitExit(0, "[session exited]")

	id = strings.TrimSpace(c.run("new", "cat"))
	k = c.attach(id)
	k.out.await(t, "\x1b[?25h")
	k.typeKeys("hello\r")
	require.Eventually(t, func() bool { return strings.Count(k.out.String(), "hello") >= 2 }, patience, tick, // the echo, and cat's
		"as output, or in the repaint after the resize")
	v.stop()
	k.awaitExit(exitUnavailable, "the service is stopping")
}

func TestAttachNeedsATerminal(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	c := v.cliAs("")
	id := strings.TrimSpace(c.run("new", "cat"))
	c.fails(exitUsage, "must be a terminal", "attach", id)
	for _, key := range []string{"", "C-", "x", "C-1", "M-x", "C-xx"} {
		c.fails(exitUsage, "--detach-key", "attach", "--detach-key", key, id)
	}
}
