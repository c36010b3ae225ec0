package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// tty is the local terminal, in raw mode.
type tty struct {
	in, out *os.File
	state   *term.State // before raw mode
}

// openTTY switches the terminal to raw mode. restore switches it back.
func openTTY() (*tty, error) {
	t := &tty{in: os.Stdin, out: os.Stdout}
	if !term.IsTerminal(int(t.in.Fd())) || !term.IsTerminal(int(t.out.Fd())) {
		return nil, usagef("standard input and output must be a terminal")
	}
	var err error
	if t.state, err = term.MakeRaw(int(t.in.Fd())); err != nil {
		return nil, fmt.Errorf("cannot switch the terminal to raw mode: %w", err)
	}
	return t, nil
}

func (t *tty) Read(p []byte) (int, error)  { return t.in.Read(p) }
func (t *tty) Write(p []byte) (int, error) { return t.out.Write(p) }

func (t *tty) size() (width, height int, err error) { return term.GetSize(int(t.out.Fd())) }

// resetModes undoes the modes that programs in the session may have set in the
// local terminal: scroll region, alternate screen, application keys and keypad,
// mouse and focus reports, bracketed paste, insert mode, no wrapping, styles and
// a hidden cursor. Then it moves the cursor to a new line at the bottom.
const resetModes = "\x1b[r\x1b[?1049l\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l" +
	"\x1b[?2004l\x1b[4l\x1b[?7h\x1b[0m\x1b[?25h\x1b[999;1H\r\n"

// restore resets the terminal to the state that a shell expects.
func (t *tty) restore() {
	_, _ = t.out.WriteString(resetModes)
	_ = term.Restore(int(t.in.Fd()), t.state)
}
