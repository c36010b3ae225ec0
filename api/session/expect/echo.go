package expect

import (
	"slices"
	"strings"
)

// echo removes the echo of typed text from the text that a pane shows after the
// place of the typing. It removes:
//
//   - the longest prefix of the typed text that the pane's text begins with. The
//     terminal or a line editor shows it at once.
//   - typed lines that are not in this prefix, where the terminal shows them after
//     output that a program had already written.
//   - typed lines that a line editor shows behind its prompt when it reads them. It
//     does so even if the terminal itself has shown them before.
//
// It looks at text only, and gets all of the text each time. So it does not matter
// in which pieces the echo arrives.
type echo struct {
	display []rune  // the typed text as it is shown
	aligned bool    // the pane's text begins where the typing began
	pending pending // the typed lines that may be shown later
}

func newEcho(display []rune) *echo {
	return &echo{display: display, aligned: true, pending: newPending(display)}
}

// echoMode says who has echoed the typed text.
type echoMode struct {
	byEditor   bool // a line editor has read since the typing
	byTerminal bool // the terminal itself; a line editor may show all of it again
}

// withoutEcho is the text of a pane without the echo.
type withoutEcho struct {
	lines  []string // as many as the pane's text has, each without its echo
	isEcho []bool   // the whole line is echo: no pattern is matched against it
	// pending are the typed lines that may still be shown: before each line, and
	// after the last one.
	pending []pending
	// prefixEnd is the first line that the prefix does not reach into. prefixOpen:
	// nothing else was shown yet, so the prefix may still grow.
	prefixEnd  int
	prefixOpen bool
	// noPrefix: there is other text where the typing began.
	noPrefix bool
}

// removeFrom removes the echo from the lines of a pane of so many columns. The first
// line begins at a column, and the cursor is on the line of that number.
func (e *echo) removeFrom(lines []string, column, columns, cursor int, mode echoMode) withoutEcho {
	w := withoutEcho{lines: slices.Clone(lines), isEcho: make([]bool, len(lines))}
	left := e.pending
	if e.aligned {
		p := prefix{display: e.display, column: column, columns: columns, sameLine: true}
		w.prefixEnd, w.prefixOpen = p.removeFrom(w.lines, w.isEcho)
		w.noPrefix = p.shown == 0 && !w.prefixOpen
		left = left.after(p.shown)
	}
	for i, line := range w.lines {
		w.pending = append(w.pending, left)
		if i >= w.prefixEnd && !w.prefixOpen {
			w.lines[i], w.isEcho[i] = left.removeFrom(line, i == cursor, mode)
		}
	}
	w.pending = append(w.pending, left)
	return w
}

// withoutAnyEcho is text after which nothing was typed.
func withoutAnyEcho(lines []string) withoutEcho {
	return withoutEcho{lines: lines, isEcho: make([]bool, len(lines))}
}

// isRowBlank reports whether one of the next rows, of so many columns, of a display
// shows only blanks, and at least one.
func isRowBlank(display []rune, columns int) bool {
	for i, r := range display[:min(columns, len(display))] {
		if r != ' ' {
			return r == '\n' && i > 0
		}
	}
	return len(display) > 0
}

// blanksToEnter is how many blanks come before the next Enter of a display; -1 if
// something else does.
func blanksToEnter(display []rune) int {
	n := slices.IndexFunc(display, func(r rune) bool { return !strings.ContainsRune(" \t", r) })
	if n < 0 || display[n] != '\n' {
		return -1
	}
	return n
}
