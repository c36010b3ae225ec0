package render

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Screen is a grid of cells.
type Screen struct {
	Width, Height int
	Lines         [][]Cell // Height of them, none wider than Width; what is missing at the end is blank
	Cursor        Cursor
}

// Cursor is where it stands, in cells from 0; X may be the screen's width.
type Cursor struct {
	X, Y    int
	Visible bool
}

// Cell is one character, with the marks that combine with it.
type Cell struct {
	Text  string
	Width int // 1 or 2
	Style Style
}

// Parse reads a screen's lines, each ended by \n, with the escapes that tmux writes:
// SGR, which goes on from line to line, SO and SI, and OSC 8, which is left out.
func Parse(text string, width, height int) *Screen {
	s := &Screen{Width: width, Height: height, Lines: make([][]Cell, 0, height)}
	var p parser
	for line := range strings.Lines(text) {
		if len(s.Lines) == height {
			break
		}
		s.Lines = append(s.Lines, p.line(strings.TrimSuffix(line, "\n"), width))
	}
	for len(s.Lines) < height {
		s.Lines = append(s.Lines, nil)
	}
	return s
}

type parser struct {
	style   Style
	shifted bool // letters stand for line drawing
}

func (p *parser) line(text string, width int) []Cell {
	cells := make([]Cell, 0, min(len(text), width))
	column := 0
	for text != "" {
		if n := p.escape(text); n > 0 {
			text = text[n:]
			continue
		}
		c, rest := p.next(text)
		text = rest
		if c.Width == 0 && len(cells) > 0 { // a mark on its own
			cells[len(cells)-1].Text += c.Text
			continue
		}
		c.Width = max(c.Width, 1)
		if column += c.Width; column <= width {
			cells = append(cells, c)
		}
	}
	return cells
}

// escape takes an escape sequence at the start of text, and says how long it is.
func (p *parser) escape(text string) int {
	switch {
	case text[0] == '\x0e', text[0] == '\x0f':
		p.shifted = text[0] == '\x0e'
		return 1
	case strings.HasPrefix(text, "\x1b["):
		end := strings.IndexByte(text, 'm')
		if end > 0 {
			p.style.apply(text[2:end])
		}
		return end + 1
	case strings.HasPrefix(text, "\x1b]8;"):
		if end := strings.Index(text, "\x1b\\"); end > 0 {
			return end + 2
		}
	}
	return 0
}

// next takes one character with its marks. Its width is that of the first: what
// follows has none of its own to tmux.
func (p *parser) next(text string) (Cell, string) {
	c := Cell{Width: 1, Style: p.style}
	if text[0] < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) { // as most are
		c.Text = text[:1]
		if p.shifted {
			c.Text = lineDrawing(text[:1])
		}
		return c, text[1:]
	}
	cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	c.Text = cluster
	_, size := utf8.DecodeRuneInString(cluster)
	c.Width = min(uniseg.StringWidth(cluster[:size]), 2)
	if isFlag(cluster) {
		c.Width = 2
	}
	return c, rest
}

// isFlag reports whether a cluster is a pair of regional indicators.
func isFlag(cluster string) bool {
	r, size := utf8.DecodeRuneInString(cluster)
	return r >= 0x1f1e6 && r <= 0x1f1ff && len(cluster) > size
}

// drawn are the line-drawing characters that the letters from ` on stand for
// between SO and SI, as in a VT100.
var drawn = []rune("◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")

func lineDrawing(letter string) string {
	if i := int(letter[0]) - '`'; i >= 0 && i < len(drawn) {
		return string(drawn[i])
	}
	return letter
}

// painted is a line as a picture shows it: as wide as the screen, with the cursor
// as a cell in reverse.
func (s *Screen) painted(y int) []Cell {
	line := append(make([]Cell, 0, s.Width), s.Lines[y]...)
	column := 0
	for _, c := range line {
		column += c.Width
	}
	for ; column < s.Width; column++ {
		line = append(line, Cell{Text: " ", Width: 1})
	}
	if !s.Cursor.Visible || s.Cursor.Y != y {
		return line
	}
	at := min(s.Cursor.X, s.Width-1)
	for i := range line {
		if at -= line[i].Width; at < 0 {
			line[i].Style.Reverse = !line[i].Style.Reverse
			break
		}
	}
	return line
}

// Plain is a screen's lines as plain text: without escapes, and without the blanks
// at their ends.
func Plain(text []byte) []byte {
	out := make([]byte, 0, len(text))
	var p parser
	for line := range strings.Lines(string(text)) {
		begin := len(out)
		for line != "" && line != "\n" {
			if n := p.escape(line); n > 0 {
				line = line[n:]
				continue
			}
			out = append(out, line[0])
			line = line[1:]
		}
		out = append(out[:begin], bytes.TrimRight(out[begin:], " ")...)
		out = append(out, '\n')
	}
	return out
}
