// Package tty asks the kernel about the terminal of a pane: how it treats input,
// and how much of it nobody has read. Neither asks tmux, nor changes anything.
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
	Known     bool // the others say something
	Canonical bool // it passes on whole lines; else a program, such as a line editor, reads each key
	Echo      bool // it shows the input
}

// EchoesLines reports that the terminal itself shows the input and passes it on in
// lines, so that a line editor that reads it later shows it again.
func (m Mode) EchoesLines() bool { return m.Known && m.Canonical && m.Echo }

// IsSilent reports that nobody shows the input, as when a password is read.
func (m Mode) IsSilent() bool { return m.Known && m.Canonical && !m.Echo }

// MayBeEdited reports that a line editor, or another program that does without the
// terminal's help, may be reading.
func (m Mode) MayBeEdited() bool { return !m.Known || !m.Canonical }

// ModeOf returns the mode of the terminal at a path; it is not Known when nobody can
// say.
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

// Unread returns how many bytes of input wait in the terminal at a path for its
// program; 0 when nobody can say.
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

// with opens a terminal without waiting for it, or making it ours.
func with(path string, do func(fd int) error) error {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return do(int(file.Fd()))
}
