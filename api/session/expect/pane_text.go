package expect

import (
	"regexp"
	"strings"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// maxReadBytes bounds the text that a pattern is matched against at once.
const maxReadBytes = 128 << 10

// paneText is the text of a pane from a place on, at one moment.
type paneText struct {
	controlmode.Place
	lines []string
	// numbers are tmux's numbers of the first row of each line, and of the row after
	// the last line.
	numbers []int
	exact   bool // the numbers are known to be right
	cursor  int  // the line that holds the cursor; -1: none
}

// newPaneText makes the text of a capture, from a row, by tmux's number, and a column
// of that row.
func newPaneText(c controlmode.Joined, from, column int) paneText {
	p := paneText{Place: c.Place, cursor: -1}
	next, used := c.First, 0 // the next row's number; how many lines are not blank at the end
	for line := range strings.Lines(string(c.Text)) {
		line = strings.TrimSuffix(line, "\n")
		number := next
		next += rowCount(line, c.Width)
		if next <= from {
			continue // above the text
		}
		if number < from {
			line, number = skipRows(line, from-number, c.Width), from
		}
		text := strings.TrimRight(line, " ")
		if c.CursorY >= number && c.CursorY < next {
			p.cursor = len(p.lines)
			text = padTo(text, (c.CursorY-number)*c.Width+c.CursorX)
		}
		if len(p.lines) == 0 {
			text = skipCells(text, column)
		}
		p.lines, p.numbers = append(p.lines, text), append(p.numbers, number)
		if text != "" || p.cursor == len(p.lines)-1 {
			used = len(p.lines)
		}
	}
	p.exact = next == c.Height
	p.lines, p.numbers = p.lines[:used], append(p.numbers[:used:used], next)
	return p
}

// padTo adds blanks to a line up to a column.
func padTo(line string, column int) string {
	return line + strings.Repeat(" ", max(column-width(line), 0))
}

// match looks for a pattern in the text without its echo. First it looks, piece by
// piece, at the lines that have left the screen, since no later read returns them;
// then at the last maxReadBytes.
func (p paneText) match(pattern *regexp.Regexp, w withoutEcho) *session.Match {
	end := len(p.lines) // where the last piece begins
	for size := 0; end > 0 && size+len(w.lines[end-1]) < maxReadBytes; end-- {
		size += len(w.lines[end-1]) + 1
	}
	for first := 0; first < end && p.numbers[first] < 0; {
		middle, last := first, first
		for size := 0; last < len(p.lines) && size < maxReadBytes; last++ {
			if size += len(w.lines[last]) + 1; size <= maxReadBytes/2 {
				middle = last
			}
		}
		if m := p.matchPiece(pattern, w, first, last); m != nil {
			return m
		}
		first = max(middle, first+1) // a match may go over the end of a piece
	}
	return p.matchPiece(pattern, w, end, len(p.lines))
}

// matchPiece looks for a pattern in the lines from first up to last, which is not one
// of them.
func (p paneText) matchPiece(pattern *regexp.Regexp, w withoutEcho, first, last int) *session.Match {
	var b strings.Builder
	var offsets, indexes []int // of the lines in the piece, and in the text
	for i := first; i < last; i++ {
		if w.isEcho[i] {
			continue
		}
		offsets, indexes = append(offsets, b.Len()), append(indexes, i)
		b.WriteString(w.lines[i])
		b.WriteByte('\n')
	}
	piece := b.String()
	found := pattern.FindStringSubmatchIndex(piece)
	if found == nil {
		return nil
	}
	k := 0
	for k+1 < len(offsets) && offsets[k+1] <= found[0] {
		k++
	}
	m := &session.Match{Text: piece[found[0]:found[1]], Line: w.lines[indexes[k]], Number: p.numbers[indexes[k]]}
	for g := 2; g < len(found); g += 2 {
		if found[g] < 0 {
			m.Groups = append(m.Groups, nil)
			continue
		}
		group := piece[found[g]:found[g+1]]
		m.Groups = append(m.Groups, &group)
	}
	return m
}
