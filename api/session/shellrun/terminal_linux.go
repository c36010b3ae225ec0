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
	fd         int
	panePID    int
	shell      shell
	pid        int // of the shell
	file       string
	startTicks string // when it started: another process may get the same pid
}

// openShellTerminal fails with ErrNoShell when there is no shell in the
// foreground.
func openShellTerminal(path string, panePID int) (*shellTerminal, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: its terminal: %w", session.ErrNoShell, err)
	}
	t := &shellTerminal{fd: fd, panePID: panePID}
	forked := time.Now() // when the fork was last seen
	for {
		err := t.findShell()
		if err == nil {
			return t, nil
		}
		if t.isStillTmux() {
			forked = time.Now()
		}
		if !t.isStarting() || time.Since(forked) > becomeShellTime {
			t.close()
			return nil, err
		}
		time.Sleep(startingPoll)
	}
}

// isStarting reports whether tmux has started the program in the foreground within the
// last second.
func (t *shellTerminal) isStarting() bool {
	return (t.pid == t.panePID || t.pid <= 0) && readStat(t.panePID).age() < time.Second
}

// isStillTmux reports whether the pane's process is still a fork of tmux, which has not
// executed the program yet.
func (t *shellTerminal) isStillTmux() bool {
	return processFile(t.panePID) == processFile(readStat(t.panePID).parent())
}

func (t *shellTerminal) close() { _ = unix.Close(t.fd) }

func (t *shellTerminal) findShell() error {
	stat := readStat(t.panePID)
	t.pid = stat.foreground()
	t.file = processFile(t.pid)
	t.startTicks = readStat(t.pid).startTicks()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", t.pid))
	// While a process executes another program, it has no words at first, and then
	// those of the new program.
	if err != nil || t.file == "" || len(line) == 0 || processFile(t.pid) != t.file {
		return session.ErrNoShell
	}
	t.shell, err = shellOf(t.file, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"))
	return err
}

// alive reports whether the shell still runs, and has not executed another program.
func (t *shellTerminal) alive() bool {
	s := readStat(t.pid)
	return s.startTicks() == t.startTicks && s.state() != "Z" && processFile(t.pid) == t.file
}

// awaitPrompt blocks until the shell waits at its prompt. It fails with ErrNoShell, and
// with ErrShellBusy after promptTime or when ctx is done. Nothing reports a prompt, so it
// polls; the first look succeeds unless a command has just ended.
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

// atPrompt reports whether the shell sleeps in the foreground, with the terminal in the
// mode that the shell sets at its prompt.
func (t *shellTerminal) atPrompt() bool {
	mode, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
	if err != nil || (mode.Lflag&unix.ICANON == 0) != t.shell.editsLines() {
		return false
	}
	s := readStat(t.pid)
	if s.state() != "S" || s.foreground() != t.pid {
		return false
	}
	function, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", t.pid))
	if err == nil && !inputWaits.Match(function) {
		return false
	}
	if t.shell.editsLines() {
		return true
	}
	call, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", t.pid)) // hidden for other users' processes
	words := strings.Fields(string(call))
	readsByte := len(words) > 3 && words[3] == "0x1" // as the builtin read does
	return !readsByte
}

// inputWaits matches the kernel's functions in which a process waits for input. A kernel
// may hide their names: then it gives nothing, or 0.
var inputWaits = regexp.MustCompile(`poll|select|woken|tty|^0?$`)

// hasScriptOpen reports whether the shell has a script of ours open. dash and busybox sh
// have it open for as long as they read it.
func (t *shellTerminal) hasScriptOpen() bool {
	dir := fmt.Sprintf("/proc/%d/fd", t.pid)
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if name, _ := os.Readlink(dir + "/" + f.Name()); strings.Contains(name, handover.MemoryName) {
			return true
		}
	}
	return err != nil
}

// awaitRead blocks until the shell has read the typed input, for promptTime at most. It
// looks three times, since some input may not have reached the terminal at the first.
func (t *shellTerminal) awaitRead(ctx context.Context) {
	deadline := time.Now().Add(promptTime)
	for quiet := 0; quiet < 3 && ctx.Err() == nil && time.Now().Before(deadline); quiet++ {
		if tty.UnreadOf(t.fd) > 0 || !t.atPrompt() {
			quiet = -1
		}
		time.Sleep(readPoll)
	}
}

// write writes text to the terminal itself, without the shell.
func (t *shellTerminal) write(text string) error {
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
		default: // tmux has not read earlier output yet
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLOUT}}, int(writePoll.Milliseconds()))
		}
	}
	return nil
}
