// Package tty asks the kernel about the terminal of a pane: how it treats input, and how
// many bytes of input are unread. It does not ask tmux, and changes nothing.
//
// registry asks before it types more than a pane's program reads; expect asks
// whether the terminal itself echoes; shellrun asks whether a shell has read its
// input.
package tty

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Mode is how a terminal treats input; see termios(3).
type Mode struct {
	Known     bool // the other fields are valid
	Canonical bool // programs read whole lines; else they read each key, as a line editor does
	Echo      bool // the terminal itself shows the input
}

// EchoesLines reports that the terminal itself shows the input, and programs read whole
// lines. A line editor that reads the input later shows it again.
func (m Mode) EchoesLines() bool { return m.Known && m.Canonical && m.Echo }

// IsSilent reports that the input is not shown, as when a password is read.
func (m Mode) IsSilent() bool { return m.Known && m.Canonical && !m.Echo }

// MayBeEdited reports that a line editor, or another program that reads each key, may be
// reading.
func (m Mode) MayBeEdited() bool { return !m.Known || !m.Canonical }

// ModeOf returns the mode of the terminal at a path. If it cannot be read, it is not Known.
func ModeOf(path string) (m Mode) {
	_ = with(path, func(fd int) error {
		modes, err := unix.IoctlGetTermios(fd, getTermios)
		if err == nil {
			m = Mode{Known: true, Canonical: modes.Lflag&unix.ICANON != 0, Echo: modes.Lflag&unix.ECHO != 0}
		}
		return err
	})
	return m
}

// Unread returns how many bytes of input in the terminal at a path its program has not read;
// 0 if that is not known.
func Unread(path string) (n int) {
	_ = with(path, func(fd int) error {
		n = UnreadOf(fd)
		return nil
	})
	return n
}

// UnreadOf is Unread of an open terminal.
func UnreadOf(fd int) int {
	n, _ := unix.IoctlGetInt(fd, unreadBytes)
	return n
}

// with opens a terminal. It does not block, and the terminal does not become this process's
// controlling terminal.
func with(path string, do func(fd int) error) error {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return do(int(file.Fd()))
}
