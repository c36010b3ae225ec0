package shellrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"interplexer/api/session"
	"interplexer/api/session/tty"
	"interplexer/controlmode/handover"
)

// shellTerminal is the terminal of a pane, and the shell in its foreground.
type shellTerminal struct {
	fd      int
	panePID int
	shell   shell
	pid     int // of the shell
	file    string
	born    string // when it started, so that another process is not taken for it
}

// openShellTerminal fails with ErrNoShell when there is no shell in the
// foreground.
func openShellTerminal(path string, panePID int) (*shellTerminal, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: its terminal: %w", session.ErrNoShell, err)
	}
	t := &shellTerminal{fd: fd, panePID: panePID}
	seen := time.Now()
	for {
		err := t.findShell()
		if err == nil {
			return t, nil
		}
		if t.forked() {
			seen = time.Now()
		}
		if !t.young() || time.Since(seen) > startingTime {
			t.close()
			return nil, err
		}
		time.Sleep(startingPoll)
	}
}

// young: the foreground is what tmux started within the last second.
func (t *shellTerminal) young() bool {
	return (t.pid == t.panePID || t.pid <= 0) && readStat(t.panePID).age() < time.Second
}

// forked: the pane's process is still tmux itself, before it runs the program.
func (t *shellTerminal) forked() bool {
	return processFile(t.panePID) == processFile(readStat(t.panePID).parent())
}

func (t *shellTerminal) close() { _ = unix.Close(t.fd) }

func (t *shellTerminal) findShell() error {
	stat := readStat(t.panePID)
	t.pid = stat.foreground()
	t.file = processFile(t.pid)
	t.born = readStat(t.pid).born()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", t.pid))
	// While a process becomes another program it has no words, and then those of
	// the next.
	if err != nil || t.file == "" || len(line) == 0 || processFile(t.pid) != t.file {
		return session.ErrNoShell
	}
	t.shell, err = shellOf(t.file, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"))
	return err
}

// alive reports whether the shell is still there, and still that program.
func (t *shellTerminal) alive() bool {
	s := readStat(t.pid)
	return s.born() == t.born && s.state() != "Z" && processFile(t.pid) == t.file
}

// awaitPrompt waits until the shell waits at its prompt, or fails with
// ErrNoShell or ErrShellBusy. Nothing tells of that, so it looks again and again;
// it is there at the first look, unless a command has just ended.
func (t *shellTerminal) awaitPrompt(ctx context.Context) error {
	deadline := time.Now().Add(promptTime)
	for pause := promptPoll; ; pause = min(2*pause, maxPromptPoll) {
		switch {
		case t.atPrompt():
			return nil
		case readStat(t.panePID).foreground() != t.pid:
			return session.ErrNoShell
		case time.Now().After(deadline):
			return session.ErrShellBusy
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return session.ErrShellBusy
		case <-timer.C:
		}
	}
}

// atPrompt reports whether the shell sleeps, in the foreground, with the terminal
// as its prompt sets it.
func (t *shellTerminal) atPrompt() bool {
	mode, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
	if err != nil || (mode.Lflag&unix.ICANON == 0) != t.shell.editsLines() {
		return false
	}
	s := readStat(t.pid)
	if s.state() != "S" || s.foreground() != t.pid {
		return false
	}
	where, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", t.pid))
	if err == nil && !awaitsInput.Match(where) {
		return false
	}
	if t.shell.editsLines() {
		return true
	}
	call, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", t.pid)) // others' may be hidden
	words := strings.Fields(string(call))
	readsByte := len(words) > 3 && words[3] == "0x1" // as the builtin read does
	return !readsByte
}

// awaitsInput is where in the kernel a process waits for input; kernels may not
// tell.
var awaitsInput = regexp.MustCompile(`poll|select|woken|tty|^0?$`)

// holdsScript reports whether the shell has a script of ours open, as dash and
// busybox sh have for as long as they read it.
func (t *shellTerminal) holdsScript() bool {
	dir := fmt.Sprintf("/proc/%d/fd", t.pid)
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if name, _ := os.Readlink(dir + "/" + f.Name()); strings.Contains(name, handover.MemoryName) {
			return true
		}
	}
	return err != nil
}

// awaitRead waits until the shell has read what was typed: some of it may still be
// on its way when it seems so.
func (t *shellTerminal) awaitRead(ctx context.Context) {
	deadline := time.Now().Add(promptTime)
	for quiet := 0; quiet < 3 && ctx.Err() == nil && time.Now().Before(deadline); quiet++ {
		if tty.UnreadOf(t.fd) > 0 || !t.atPrompt() {
			quiet = -1
		}
		time.Sleep(readPoll)
	}
}

// show writes to the screen, past the shell.
func (t *shellTerminal) show(text string) error {
	for deadline := time.Now().Add(promptTime); text != ""; {
		n, err := unix.Write(t.fd, []byte(text))
		switch {
		case err == nil:
			text = text[n:]
		case errors.Is(err, unix.EINTR):
		case !errors.Is(err, unix.EAGAIN):
			return err
		case time.Now().After(deadline):
			return session.ErrNotReading
		default: // tmux has much to read before it
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLOUT}}, int(writePoll.Milliseconds()))
		}
	}
	return nil
}
