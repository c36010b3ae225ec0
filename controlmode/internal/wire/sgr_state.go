package wire

import (
	"bytes"
	"slices"
)

// SGRState is the style at some point of captured lines with escapes. tmux writes
// only changes of style, from one line to the next.
type SGRState struct {
	sgr         [][]byte // sequences since the last one that begins with a reset
	lineDrawing bool     // SO: the characters are those of line drawing
	link        []byte   // the OSC 8 that opened a hyperlink; nil: none is open
}

// Consume takes a line.
func (c *SGRState) Consume(line []byte) {
	for {
		at := bytes.IndexAny(line, escapeStarts)
		if at < 0 {
			return
		}
		line = line[at:]
		n := escapeLength(line)
		if n > 0 {
			c.apply(line[:n])
		}
		line = line[max(n, 1):]
	}
}

// apply takes one escape sequence.
func (c *SGRState) apply(sequence []byte) {
	switch {
	case sequence[0] == shiftOut || sequence[0] == shiftIn:
		c.lineDrawing = sequence[0] == shiftOut
	case bytes.Equal(sequence, closeLink):
		c.link = nil
	case sequence[1] == ']':
		c.link = bytes.Clone(sequence)
	default:
		parameters := string(sequence[2 : len(sequence)-1])
		if parameters == "" || parameters[0] == '0' {
			c.sgr = nil
		}
		if parameters == "" || parameters == "0" {
			return
		}
		// The last of equal sequences decides.
		if at := slices.IndexFunc(c.sgr, func(s []byte) bool { return bytes.Equal(s, sequence) }); at >= 0 {
			known := c.sgr[at]
			c.sgr = append(slices.Delete(c.sgr, at, at+1), known)
			return
		}
		c.sgr = append(c.sgr, bytes.Clone(sequence))
	}
}

// Transition returns the sequences that lead from the state so far to the style that
// a new capture has after the lines before. Each capture begins without a style.
func (c *SGRState) Transition(before [][]byte) []byte {
	if before == nil {
		return nil
	}
	was := *c
	*c = SGRState{}
	for _, line := range before {
		c.Consume(line)
	}
	piece := append([]byte("\x1b[0m"), bytes.Join(c.sgr, nil)...)
	if c.lineDrawing != was.lineDrawing {
		piece = append(piece, map[bool]byte{true: shiftOut, false: shiftIn}[c.lineDrawing])
	}
	switch {
	case bytes.Equal(c.link, was.link):
	case c.link == nil:
		piece = append(piece, closeLink...)
	default:
		piece = append(piece, c.link...)
	}
	return piece
}

const (
	shiftOut = '\x0e'
	shiftIn  = '\x0f'

	escapeStarts = "\x0e\x0f\x1b"
)

var closeLink = []byte("\x1b]8;;\x1b\\")

// WithoutStyles returns a line without its escapes.
func WithoutStyles(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for {
		at := bytes.IndexAny(line, escapeStarts)
		if at < 0 {
			return append(out, line...)
		}
		out = append(out, line[:at]...)
		line = line[at:]
		n := escapeLength(line)
		if n == 0 {
			out = append(out, line[0])
		}
		line = line[max(n, 1):]
	}
}

// escapeLength is the length of the escape sequence at the start of text; 0: there is
// none. tmux writes only these sequences, and keeps no control characters in a
// screen.
func escapeLength(text []byte) int {
	switch {
	case text[0] == shiftOut, text[0] == shiftIn:
		return 1
	case bytes.HasPrefix(text, []byte("\x1b[")):
		return bytes.IndexByte(text, 'm') + 1
	case bytes.HasPrefix(text, []byte("\x1b]8;")):
		if end := bytes.Index(text, []byte("\x1b\\")); end > 0 {
			return end + 2
		}
	}
	return 0
}

// LastLines returns the last n lines of a captured text. Those of a capture with
// escapes begin with the sequences that lead to their first line's style.
func LastLines(text []byte, n int) []byte {
	begin := len(text)
	for range n {
		if begin == 0 {
			return text
		}
		begin = bytes.LastIndexByte(text[:begin-1], '\n') + 1
	}
	var c SGRState
	c.Consume(text[:begin])
	lead := bytes.Join(c.sgr, nil)
	if c.lineDrawing {
		lead = append(lead, shiftOut)
	}
	if lead = append(lead, c.link...); len(lead) == 0 {
		return text[begin:]
	}
	return append(lead, text[begin:]...)
}
