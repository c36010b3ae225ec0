package expect

import (
	"regexp"
	"strings"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// maxReadBytes bounds what of a paneText a pattern is matched against at once.
const maxReadBytes = 128 << 10

// paneText is the text as it was at one moment.
type paneText struct {
	controlmode.Place
	lines   []string
	numbers []int // of the first row of each, by tmux's numbers, and of the row after the last
	exact   bool  // the numbers are known to be right
	cursor  int   // which line holds the cursor
}

// newPaneText reads what was captured from a row on, by tmux's number, the first at
// a column.
func newPaneText(c controlmode.Joined, from, column int) paneText {
	p := paneText{Place: c.Place, cursor: -1}
	number, last := c.First, 0
	for line := range strings.Lines(string(c.Text)) {
		line = strings.TrimSuffix(line, "\n")
		begins := number
		number += rowsOf(line, c.Width)
		if number <= from {
			continue // above it
		}
		if begins < from {
			line, begins = fromRow(line, from-begins, c.Width), from
		}
		text := strings.TrimRight(line, " ")
		if c.CursorY >= begins && c.CursorY < number {
			p.cursor = len(p.lines)
			text = blanksTo(text, (c.CursorY-begins)*c.Width+c.CursorX)
		}
		if len(p.lines) == 0 {
			text = after(text, column)
		}
		p.lines, p.numbers = append(p.lines, text), append(p.numbers, begins)
		if text != "" || p.cursor == len(p.lines)-1 {
			last = len(p.lines)
		}
	}
	p.exact = number == c.Height
	p.lines, p.numbers = p.lines[:last], append(p.numbers[:last:last], number)
	return p
}

// blanksTo has a line end with the blanks that come before the cursor.
func blanksTo(line string, column int) string {
	return line + strings.Repeat(" ", max(column-width(line), 0))
}

// match looks for a pattern in what is no echo: in the end of it, and, piece by
// piece, in what has left the screen before that, which no later look will find.
func (p paneText) match(pattern *regexp.Regexp, a withoutEcho) *session.Match {
	end := len(p.lines) // where the last piece begins
	for size := 0; end > 0 && size+len(a.lines[end-1]) < maxReadBytes; end-- {
		size += len(a.lines[end-1]) + 1
	}
	for first := 0; first < end && p.numbers[first] < 0; {
		middle, last := first, first
		for size := 0; last < len(p.lines) && size < maxReadBytes; last++ {
			if size += len(a.lines[last]) + 1; size <= maxReadBytes/2 {
				middle = last
			}
		}
		if m := p.matchPiece(pattern, a, first, last); m != nil {
			return m
		}
		first = max(middle, first+1) // a match may go over the end of a piece
	}
	return p.matchPiece(pattern, a, end, len(p.lines))
}

// matchPiece looks for a pattern in some of the lines, from first up to last.
func (p paneText) matchPiece(pattern *regexp.Regexp, a withoutEcho, first, last int) *session.Match {
	var text strings.Builder
	var begins, which []int
	for i := first; i < last; i++ {
		if a.whole[i] {
			continue
		}
		begins, which = append(begins, text.Len()), append(which, i)
		text.WriteString(a.lines[i])
		text.WriteByte('\n')
	}
	all := text.String()
	found := pattern.FindStringSubmatchIndex(all)
	if found == nil {
		return nil
	}
	k := 0
	for k+1 < len(begins) && begins[k+1] <= found[0] {
		k++
	}
	m := &session.Match{Text: all[found[0]:found[1]], Line: a.lines[which[k]], Number: p.numbers[which[k]]}
	for g := 2; g < len(found); g += 2 {
		if found[g] < 0 {
			m.Groups = append(m.Groups, nil)
			continue
		}
		group := all[found[g]:found[g+1]]
		m.Groups = append(m.Groups, &group)
	}
	return m
}
