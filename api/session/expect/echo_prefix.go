package expect

import (
	"strings"
	"unicode/utf8"
)

// prefix finds how much of the typed text the lines of a pane begin with.
type prefix struct {
	display []rune // the typed text as it is shown
	columns int    // of the pane

	shown     int  // how many runes of display the lines show so far
	column    int  // where the next one is shown, counted from the line's first column
	blankRows int  // rows that the line before may have begun and left blank
	sameLine  bool // the next row goes on with the same typed line
}

// removeFrom removes the prefix from lines, and marks the lines that are only echo.
// It returns the first line that is not part of the prefix. open: the lines show
// nothing but the prefix, so that it may still grow.
func (p *prefix) removeFrom(lines []string, isEcho []bool) (end int, open bool) {
	for i, line := range lines {
		if line != "" {
			p.blankRows = 0
		} else if p.blankRows > 0 && !isRowBlank(p.display[p.shown:], p.columns) {
			isEcho[i] = true // the program had gone on to the next row already
			p.blankRows--
			continue
		}
		length := p.match(line)
		if length < 0 {
			return i, false
		}
		lines[i] = line[length:]
		if length < len(line) { // other text follows
			return i, false
		}
		p.skipTrailingBlanks()
		isEnd := p.shown == len(p.display)
		switch {
		case p.nextLine():
		case isEnd: // without an Enter
			isEcho[i] = true
			return i, false
		case i == len(lines)-1:
			isEcho[i] = true
			return i, true
		default: // other text follows on the next line
			isEcho[i] = length > 0
			return i + min(length, 1), false
		}
		isEcho[i] = true
		if p.shown == len(p.display) {
			return i + 1, false
		}
	}
	return len(lines), true
}

// match matches the display against the beginning of a line, and returns how many
// bytes of it match. A line after an Enter has to match to its end, since a prompt
// may begin as the typed text does, such as zsh's "heredoc> "; -1: it does not.
func (p *prefix) match(line string) int {
	before := *p
	length := p.matchLine(line)
	if !p.sameLine && length < len(line) {
		*p = before
		return -1
	}
	p.sameLine = false
	return length
}

// nextLine goes on to the next line, if the typed text does. It reports whether so.
func (p *prefix) nextLine() bool {
	blanks := blanksToEnter(p.display[p.shown:])
	isFull := p.column > 0 && p.column%p.columns == 0
	p.blankRows += (p.column + max(blanks, 0)) / p.columns
	switch {
	case p.shown == len(p.display):
		return false
	case blanks >= 0:
		p.shown, p.column = p.shown+blanks+1, 0
		return true
	case isFull: // the program wraps
		p.column, p.sameLine = 0, true
		return true
	}
	return false
}

// skipTrailingBlanks skips typed blanks up to the end of a row: a screen does not say
// whether they are shown.
func (p *prefix) skipTrailingBlanks() {
	for p.shown < len(p.display) && p.display[p.shown] == ' ' && (p.column == 0 || p.column%p.columns != 0) {
		p.shown++
		p.column++
	}
}

// matchLine goes forward in the display for as long as the line shows it, and returns
// how many bytes of the line match.
func (p *prefix) matchLine(line string) (length int) {
	for p.shown < len(p.display) {
		want := p.display[p.shown]
		rest := line[length:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case want == '\t':
			blanks := len(rest) - len(strings.TrimLeft(rest, " "))
			size = min(blanks, 8-p.column%8)
		case want == '\n':
			return length
		case want < ' ': // shown as ^C, or not at all
			size = 0
			if r == '^' && len(rest) > 1 {
				_, size = utf8.DecodeRuneInString(rest[1:])
				size++
			}
		case size == 0 || r != want:
			return length
		}
		p.column += width(rest[:size])
		length += size
		p.shown++
	}
	return length
}
