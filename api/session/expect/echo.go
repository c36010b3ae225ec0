package expect

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// echo tells what was typed from what programs answer. It knows what was typed,
// and leaves out of the text that comes after the place of the typing:
//
//   - the longest beginning that is a beginning of what was typed, which is what
//     the terminal or a line editor shows at once;
//   - of lines that were not shown so, what the terminal shows of them behind what
//     a program had on its way already;
//   - what a line editor shows of each when it gets to read it, behind its prompt.
//     What the terminal itself has shown, a line editor that reads it later shows
//     again.
//
// It looks at text only, and is given all of it each time, so that it makes no
// difference in which pieces the echo comes.
type echo struct {
	display []rune
	aligned bool // the text begins where the typing began
	pending pending
}

func newEcho(display []rune) *echo {
	return &echo{display: display, aligned: true, pending: allPending(display)}
}

// echoMode are those that what was typed has gone through.
type echoMode struct {
	editing bool // a line editor has read since the typing
	twice   bool // the terminal itself has shown it: a line editor may show all of it again
}

// answer is what is no echo in lines of a screen.
type withoutEcho struct {
	lines []string // of the same number, the echo being left out
	whole []bool   // the line, to its end, is echo: it is no line of the answer
	// pending is what may yet be shown, before each line and after the last.
	pending []pending
	// begins is the first line that does not belong to the beginning, which is
	// echoed at once; beginning: it may go on.
	begins    int
	beginning bool
	// elsewhere: something else stands where the typing began.
	elsewhere bool
}

// strip leaves the echo out of lines of a screen so wide, of which the first
// begins at a column and the one of number cursor holds the cursor.
func (e *echo) strip(lines []string, column, columns, cursor int, h echoMode) withoutEcho {
	a := withoutEcho{lines: slices.Clone(lines), whole: make([]bool, len(lines))}
	left := e.pending
	if e.aligned {
		shown := 0
		shown, a.begins, a.beginning = e.beginning(a, column, columns)
		a.elsewhere = shown == 0 && !a.beginning
		left = left.from(shown)
	}
	for i, line := range a.lines {
		a.pending = append(a.pending, left)
		if i >= a.begins && !a.beginning {
			a.lines[i], a.whole[i] = left.take(line, i == cursor, h)
		}
	}
	a.pending = append(a.pending, left)
	return a
}

// beginning cuts off what of the lines is a beginning of what was typed. It
// returns how much of that is shown, and on which line something else begins;
// more: nothing does so far.
func (e *echo) beginning(a withoutEcho, column, columns int) (shown, line int, more bool) {
	rows := 0      // that the line before may have begun and shown nothing on
	middle := true // the line goes on with what was typed in one line
	for i, text := range a.lines {
		if text != "" {
			rows = 0
		} else if rows > 0 && !e.blankRow(shown, columns) {
			a.whole[i], rows = true, rows-1 // the program had gone on to the next row already
			continue
		}
		length, before := 0, shown
		shown, length, column = e.match(shown, text, column)
		if !middle && length < len(text) { // such as zsh's "heredoc> "
			return before, i, false
		}
		middle = false
		a.lines[i] = text[length:]
		if length == len(text) {
			shown, column = e.rowEnd(shown, column, columns)
		}
		end := shown == len(e.display)
		full := column > 0 && column%columns == 0
		enter := e.blank(shown)
		rows += (column + max(enter-shown, 0)) / columns
		switch {
		case length < len(text): // something else
			return shown, i, false
		case !end && enter >= 0:
			shown, column = enter+1, 0
		case !end && full: // wrapped by the program
			column, middle = 0, true
		case end: // without an Enter
			a.whole[i] = true
			return shown, i, false
		case i == len(a.lines)-1:
			a.whole[i] = true
			return shown, i, true
		default: // something else, on the next line
			a.whole[i] = length > 0
			return shown, i + min(length, 1), false
		}
		a.whole[i] = true
		if shown == len(e.display) {
			return shown, i + 1, false
		}
	}
	return shown, len(a.lines), true
}

// blankRow reports whether the next row of what was typed shows nothing, but
// begins with a blank.
func (e *echo) blankRow(shown, columns int) bool {
	for i, r := range e.display[shown:min(shown+columns, len(e.display))] {
		if r != ' ' {
			return r == '\n' && i > 0
		}
	}
	return shown < len(e.display)
}

// rowEnd goes on over the blanks at the end of a row, which a screen does not
// tell.
func (e *echo) rowEnd(shown, column, columns int) (int, int) {
	for shown < len(e.display) && e.display[shown] == ' ' && (column == 0 || column%columns != 0) {
		shown++
		column++
	}
	return shown, column
}

// blank is where the Enter is, if only blanks come before it, else -1.
func (e *echo) blank(from int) int {
	for i, r := range e.display[from:] {
		switch r {
		case '\n':
			return from + i
		case ' ', '\t':
		default:
			return -1
		}
	}
	return -1
}

// match goes on in what was typed for as long as the text shows it, and returns
// where it is then in either, and at which column.
func (e *echo) match(shown int, text string, column int) (int, int, int) {
	length := 0
	for shown < len(e.display) {
		want := e.display[shown]
		rest := text[length:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case want == '\t':
			blanks := len(rest) - len(strings.TrimLeft(rest, " "))
			size = min(blanks, 8-column%8)
		case want == '\n':
			return shown, length, column
		case want < ' ': // shown as ^C, or not at all
			size = 0
			if r == '^' && len(rest) > 1 {
				_, size = utf8.DecodeRuneInString(rest[1:])
				size++
			}
		case size == 0 || r != want:
			return shown, length, column
		}
		column += width(rest[:size])
		length += size
		shown++
	}
	return shown, length, column
}
