package session

import (
	"context"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"interplexer/controlmode"
)

// echoing is how a pane's terminal treats what is typed.
type echoing struct {
	known bool
	lines bool // it hands on whole lines; else a program, such as a line editor, reads each key
	shows bool // it shows what is typed
}

// itself reports that the terminal itself shows what is typed, so that a line
// editor that reads it later shows it again.
func (e echoing) itself() bool { return e.known && e.lines && e.shows }

// none reports that nothing shows what is typed, as when a password is read.
func (e echoing) none() bool { return e.known && e.lines && !e.shows }

// edited reports that a line editor, or another program that does without the
// terminal's help, may be reading.
func (e echoing) edited() bool { return !e.known || !e.lines }

func echoingOf(tty string) echoing {
	file, err := os.OpenFile(tty, os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return echoing{}
	}
	defer file.Close()
	modes, err := unix.IoctlGetTermios(int(file.Fd()), getTermios)
	if err != nil {
		return echoing{}
	}
	return echoing{known: true, lines: modes.Lflag&unix.ICANON != 0, shows: modes.Lflag&unix.ECHO != 0}
}

// terminalOf is the path of a pane's terminal; empty: it is not known.
func (r *Registry) terminalOf(ctx context.Context, rec *record, target controlmode.Target) string {
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	path, err := rec.on(r.tmux).PaneTTY(ctx, target)
	if err != nil {
		return "" // what is typed tells whether the pane is gone
	}
	return path
}
