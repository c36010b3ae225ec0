package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// tty is the terminal that this program runs in, in raw mode.
type tty struct {
	in, out *os.File
	state   *term.State // as it was
}

// openTTY makes the terminal raw; restore ends that.
func openTTY() (*tty, error) {
	t := &tty{in: os.Stdin, out: os.Stdout}
	if !term.IsTerminal(int(t.in.Fd())) || !term.IsTerminal(int(t.out.Fd())) {
		return nil, usagef("standard input and output must be a terminal")
	}
	var err error
	if t.state, err = term.MakeRaw(int(t.in.Fd())); err != nil {
		return nil, fmt.Errorf("cannot make the terminal raw: %w", err)
	}
	return t, nil
}

func (t *tty) Read(p []byte) (int, error)  { return t.in.Read(p) }
func (t *tty) Write(p []byte) (int, error) { return t.out.Write(p) }

func (t *tty) size() (width, height int, err error) { return term.GetSize(int(t.out.Fd())) }

// leaveModes undoes what a program there may have asked of the terminal here:
// scroll region, alternate screen, application keys, mouse, bracketed paste and
// focus, insert, no wrapping, colours, a hidden cursor. Then a line of its own.
const leaveModes = "\x1b[r\x1b[?1049l\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l" +
	"\x1b[?2004l\x1b[4l\x1b[?7h\x1b[0m\x1b[?25h\x1b[999;1H\r\n"

// restore leaves the terminal as a shell expects it.
func (t *tty) restore() {
	_, _ = t.out.WriteString(leaveModes)
	_ = term.Restore(int(t.in.Fd()), t.state)
}
