package wire

import (
	"bytes"
	"slices"
)

// carried is the style that captured lines with escapes have come to: tmux tells
// changes only, from one line to the next.
type SGRState struct {
	sgr         [][]byte // sequences since the last that begins with a reset
	lineDrawing bool     // SO: the characters are those of line drawing
	link        []byte   // the OSC 8 that opened a hyperlink; nil: none is open
}

// pass takes a line.
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
		// The last of equal ones decides.
		if at := slices.IndexFunc(c.sgr, func(s []byte) bool { return bytes.Equal(s, sequence) }); at >= 0 {
			known := c.sgr[at]
			c.sgr = append(slices.Delete(c.sgr, at, at+1), known)
			return
		}
		c.sgr = append(c.sgr, bytes.Clone(sequence))
	}
}

// begin is what leads from the style come to so far to the one that a new capture
// has after the lines before, as each capture begins with none.
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

// unstyled is a line without its escapes.
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

// escapeLength is how long an escape sequence at the start of text is, 0 if there
// is none. tmux writes no other ones than these, and keeps no control characters
// in a screen.
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

// LastLines are the last lines of a capture, and of one with Escapes what leads to
// the style that they begin with.
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
