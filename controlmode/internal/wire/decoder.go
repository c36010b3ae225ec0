package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrProtocol: the stream broke the rules by which answers are told apart. Give the
// connection up rather than trust it.
var ErrProtocol = errors.New("controlmode: protocol violation")

// Decoder turns the lines of a control-mode stream into answers and notifications. It
// is a pure function of the lines and of the answers that Next hands out: no I/O, no
// clock, no goroutine.
type Decoder struct {
	Next    func() *Answer     // the answer of the command whose answer begins; nil: there is no such command
	Notify  func(Notification) // must not block
	MaxBody int                // most bytes of one answer's bodies

	current     *Answer // being filled; nil between answers
	answerBytes int     // size of its blocks so far, without the open one

	// The open block, if inBlock is set.
	inBlock bool
	guard   guard  // its text is a copy
	body    []byte // its payload so far
	lines   int    // number of lines of the payload so far
	want    int    // number of lines that it will have; -1: the guard ends it

	// For an answer framed by a nonce: the block that may be the nonce's own.
	nonceGuard guard
	nonceSeen  bool
	lastBegin  bool
}

// Line takes one line of the stream, without its newline, and returns the answer that
// it completes, if any. It does not keep the line.
func (d *Decoder) Line(line []byte) (*Answer, error) {
	switch {
	case d.inFreeText():
		return d.nonceLine(line)
	case d.inBlock:
		return d.blockLine(line)
	}
	if g, ok := beginOf(line); ok {
		return nil, d.begin(g)
	}
	d.Notify(parseNotification(line))
	return nil, nil
}

// inFreeText reports whether the open block, and all lines up to the nonce, may hold
// any text.
func (d *Decoder) inFreeText() bool {
	return d.inBlock && d.guard.ours() && d.current.Frame.Nonce != "" && len(d.current.Blocks) == d.current.Frame.FreeText
}

// begin opens a block.
func (d *Decoder) begin(g guard) error {
	d.inBlock, d.lines, d.want = true, 0, -1
	d.body = d.body[:0]
	d.guard.text = append(d.guard.text[:0], g.text...)
	if !g.ours() {
		return nil
	}
	if d.current == nil {
		if d.current = d.Next(); d.current == nil {
			return fmt.Errorf("%w: an answer to nothing", ErrProtocol)
		}
		d.nonceSeen, d.lastBegin, d.answerBytes = false, false, 0
	}
	want, ok := d.current.lineCount(len(d.current.Blocks))
	if !ok {
		return fmt.Errorf("%w: no line count before a counted block", ErrProtocol)
	}
	d.want = want
	return nil
}

// blockLine takes a line inside a block that is counted or tmux's own text.
func (d *Decoder) blockLine(line []byte) (*Answer, error) {
	if d.want >= 0 && d.lines < d.want {
		d.add(line)
		return nil, nil
	}
	closed, failed := d.guard.closedBy(line)
	switch {
	case closed:
		return d.end(failed), nil
	case d.want >= 0 && d.lines == d.want && len(line) == 0:
		// show-buffer ends with one newline more than the buffer has.
		d.lines++
		return nil, nil
	case d.want >= 0:
		return nil, fmt.Errorf("%w: a counted block goes on", ErrProtocol)
	case d.lines == MaxOwnLines:
		return nil, fmt.Errorf("%w: a block of tmux's own text goes on", ErrProtocol)
	}
	d.add(line)
	return nil, nil
}

// end closes the open block and returns the answer if it was its last.
func (d *Decoder) end(failed bool) *Answer {
	d.inBlock = false
	if !d.guard.ours() {
		d.Notify(Unasked{Failed: failed, Body: bytes.Clone(d.body)})
		return nil
	}
	a := d.current
	b := Block{Failed: failed}
	if len(d.body) > 0 {
		b.Body = bytes.Clone(d.body)
		d.answerBytes += len(d.body)
	}
	a.Blocks = append(a.Blocks, b)
	if failed || len(a.Blocks) == a.Frame.Blocks {
		d.current = nil
		return a
	}
	return nil
}

// nonceLine takes a line between the %begin of a block that is framed by a nonce and
// the end of the nonce's own block.
func (d *Decoder) nonceLine(line []byte) (*Answer, error) {
	f := d.current.Frame
	if d.nonceSeen {
		if closed, failed := d.nonceGuard.closedBy(line); !closed || failed != f.Sealed {
			return nil, fmt.Errorf("%w: the nonce is not alone in its block", ErrProtocol)
		}
		return d.endNonce()
	}
	if d.lastBegin && (string(line) == f.Nonce || f.Sealed && bytes.Contains(line, []byte(f.Nonce))) {
		d.nonceSeen = true
		return nil, nil
	}
	g, begins := beginOf(line)
	if d.lastBegin = begins && g.ours(); d.lastBegin {
		d.nonceGuard.text = append(d.nonceGuard.text[:0], g.text...)
	}
	d.add(line)
	return nil, nil
}

// endNonce completes an answer from the lines before the nonce.
func (d *Decoder) endNonce() (*Answer, error) {
	a := d.current
	d.current, d.inBlock = nil, false
	if a.TooLarge {
		if !a.Frame.Sealed {
			d.Notify(Missed{}) // notifications before the nonce were dropped with the text
		}
		return a, nil
	}
	lines := bytes.SplitAfter(d.body, []byte("\n"))
	lines = lines[:len(lines)-2] // the nonce's %begin, and the empty rest after the last \n
	if a.Frame.Sealed {
		return a, d.endSealed(a, lines)
	}
	for i := len(lines) - 1; i >= 0; i-- {
		closed, failed := d.guard.closedBy(chomp(lines[i]))
		if !closed {
			continue
		}
		a.Blocks = append(a.Blocks, Block{Failed: failed, Body: bytes.Join(lines[:i], nil)})
		for _, after := range lines[i+1:] {
			d.Notify(parseNotification(chomp(after)))
		}
		return a, nil
	}
	return nil, fmt.Errorf("%w: a nonce before the end of the answer", ErrProtocol)
}

// endSealed reads the empty blocks at the end of lines. The rest is block FreeText.
func (d *Decoder) endSealed(a *Answer, lines [][]byte) error {
	empty := a.Frame.Blocks - a.Frame.FreeText - 1
	end := len(lines) - 1 - 2*empty
	if end < 0 {
		return fmt.Errorf("%w: a nonce before the end of the answer", ErrProtocol)
	}
	if closed, failed := d.guard.closedBy(chomp(lines[end])); !closed || failed {
		return fmt.Errorf("%w: the answer does not end before its nonce", ErrProtocol)
	}
	length := 0
	for _, line := range lines[:end] {
		length += len(line)
	}
	a.Blocks = append(a.Blocks, Block{Body: bytes.Clone(d.body[:length])})
	for i := end + 1; i < len(lines); i += 2 {
		g, begins := beginOf(chomp(lines[i]))
		if closed, failed := g.closedBy(chomp(lines[i+1])); !begins || !closed || failed {
			return fmt.Errorf("%w: a block before the nonce is not empty", ErrProtocol)
		}
		a.Blocks = append(a.Blocks, Block{})
	}
	return nil
}

// chomp removes the newline at the end of a line.
func chomp(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\n")) }

// add keeps one line of payload. If the answer has grown too large, it only counts
// the line.
func (d *Decoder) add(line []byte) {
	d.lines++
	size, ours := len(d.body)+len(line), d.guard.ours()
	if ours {
		size += d.answerBytes
	}
	switch {
	case ours && d.current.TooLarge:
	case size < d.MaxBody:
		d.body = append(append(d.body, line...), '\n')
	case ours:
		d.current.TooLarge = true
		d.body = nil
	}
}
