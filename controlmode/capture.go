package controlmode

import (
	"bytes"
	"context"
	"fmt"
)

// captureBuffer is the paste buffer that a capture passes through. One name
// for all is enough: the commands of one line run without any other between
// them, and one of them deletes it.
const captureBuffer = "ipx-capture"

// CapturePane returns the visible screen of a pane as tmux holds it: exactly
// as many lines as the pane is high, each ended by \n, without the blanks at
// their ends. It fails with ErrNotFound when the pane, or the session, is gone.
func (c Client) CapturePane(ctx context.Context, t Target) ([]byte, error) {
	if c.version.has(leakyCapture) {
		return c.captureThroughBuffer(ctx, t)
	}
	cmd := newCommand("display-message -p").to(t).word("'#{pane_height}'").then("capture-pane -p").to(t)
	blocks, err := c.send(ctx, cmd, request{frame: frame{blocks: 2, counted: 1}, readOnly: true})
	if err != nil {
		return nil, err
	}
	return blocks[1].Body, nil
}

// captureThroughBuffer is the form that does not leak. The commands go by
// their short names: this is the line that is sent most, and its parsing a
// part of its cost. Where show-buffer overruns, the height is asked for, too.
func (c Client) captureThroughBuffer(ctx context.Context, t Target) ([]byte, error) {
	var cmd *command
	f := frame{blocks: 3, free: 1, sealed: true}
	overruns := c.version.has(overrunBuffers)
	if overruns {
		cmd = newCommand("display-message -p").to(t).word("'#{pane_height}'").then("capturep -b " + captureBuffer)
		f.blocks, f.free = 4, 2
	} else {
		cmd = newCommand("capturep -b " + captureBuffer)
	}
	cmd.to(t).then("showb -b " + captureBuffer).then("deleteb -b " + captureBuffer)
	blocks, err := c.send(ctx, cmd, request{frame: f, nonce: true, readOnly: true, told: c.version.has(toldBuffers)})
	if err != nil {
		return nil, err
	}
	printed := blocks[f.free].Body
	if !overruns {
		return bufferText(c.version, printed)
	}
	r := records{rest: string(blocks[0].Body)}
	height := r.number()
	if r.newline(); r.bad {
		return nil, fmt.Errorf("%w: a pane's height is %q", ErrProtocol, blocks[0].Body)
	}
	return firstLines(printed, height)
}

// bufferLines is what a buffer of a capture of so many lines holds that
// show-buffer has printed.
func bufferLines(v Version, printed []byte, lines int) ([]byte, error) {
	if v.has(overrunBuffers) {
		return firstLines(printed, lines)
	}
	return bufferText(v, printed)
}

// firstLines are the lines of a capture that show-buffer has printed, without
// what it has printed after them (see overrunBuffers).
func firstLines(printed []byte, lines int) ([]byte, error) {
	end := 0
	for range lines {
		n := bytes.IndexByte(printed[end:], '\n') + 1
		if n == 0 {
			return nil, fmt.Errorf("%w: show-buffer printed less than %d lines", ErrProtocol, lines)
		}
		end += n
	}
	return printed[:end:end], nil
}

// bufferText is what a buffer holds that show-buffer has printed: the buffer
// ends with a newline, and one more is printed after it.
func bufferText(v Version, printed []byte) ([]byte, error) {
	text, ok := bytes.CutSuffix(printed, []byte("\n"))
	if !ok || !bytes.HasSuffix(text, []byte("\n")) {
		return nil, fmt.Errorf("%w: show-buffer printed no newline of its own", ErrProtocol)
	}
	if v.has(encodedBuffers) {
		return decodeVis(text)
	}
	return text, nil
}

// decodeVis undoes the vis(3) encoding of show-buffer up to tmux 3.3a, in
// place: VIS_OCTAL and VIS_CSTYLE, and a backslash before a $ that could start
// a variable.
func decodeVis(text []byte) ([]byte, error) {
	first := bytes.IndexByte(text, '\\')
	if first < 0 {
		return text, nil
	}
	out := text[:first]
	for i := first; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		if i+3 < len(text) && isOctal(text[i+1:i+4]) {
			out = append(out, (text[i+1]-'0')<<6|(text[i+2]-'0')<<3|(text[i+3]-'0'))
			i += 3
			continue
		}
		i++
		if i == len(text) {
			return nil, fmt.Errorf("%w: show-buffer ends in a backslash", ErrProtocol)
		}
		c, ok := visEscapes[text[i]]
		if !ok {
			return nil, fmt.Errorf("%w: show-buffer wrote the escape \\%c", ErrProtocol, text[i])
		}
		out = append(out, c)
	}
	return out, nil
}

// visEscapes are the two-character escapes of vis(3) with VIS_CSTYLE.
var visEscapes = map[byte]byte{
	'\\': '\\', '$': '$', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n',
	'r': '\r', 's': ' ', 't': '\t', 'v': '\v', '0': 0,
}
