package render

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Parse reads the lines of a screen, each ended by \n, with the escapes that
// capture-pane -e writes. SGR sets the style, which carries over to the next
// line. SO and SI switch line drawing on and off. OSC 8 (hyperlinks) is dropped.
// What lies beyond the width or the height is dropped too.
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

// Plain removes the escapes from the lines of a screen, and the blanks at the end
// of each line. Each line keeps its \n.
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

// parser holds the state that the escapes have set so far.
type parser struct {
	style       Style
	lineDrawing bool // after SO: letters stand for DEC Special Graphics
}

// line reads one line without its newline, of at most width columns.
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
		if c.Width == 0 && len(cells) > 0 { // a combining mark without a base in its cluster
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

// escape applies the escape sequence at the start of text and returns its length
// in bytes. It returns 0 when text does not start with one.
func (p *parser) escape(text string) int {
	switch {
	case text[0] == '\x0e', text[0] == '\x0f':
		p.lineDrawing = text[0] == '\x0e'
		return 1
	case strings.HasPrefix(text, "\x1b["):
		end := strings.IndexByte(text, 'm')
		if end > 0 {
			p.style.applySGR(text[2:end])
		}
		return end + 1
	case strings.HasPrefix(text, "\x1b]8;"):
		if end := strings.Index(text, "\x1b\\"); end > 0 {
			return end + 2
		}
	}
	return 0
}

// next reads one character with its combining marks and returns the rest of text.
// As in tmux, the width is that of the first code point: the others of the
// cluster add none. A flag is two columns wide.
func (p *parser) next(text string) (Cell, string) {
	c := Cell{Width: 1, Style: p.style}
	if text[0] < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) { // the common case: ASCII without marks
		c.Text = text[:1]
		if p.lineDrawing {
			c.Text = specialGraphic(text[:1])
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

// specialGraphics is the DEC Special Graphics set of the VT100: the characters
// that ` and the letters after it stand for between SO and SI.
var specialGraphics = []rune("◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")

// specialGraphic translates one ASCII character. Those outside the set stay.
func specialGraphic(letter string) string {
	if i := int(letter[0]) - '`'; i >= 0 && i < len(specialGraphics) {
		return string(specialGraphics[i])
	}
	return letter
}
