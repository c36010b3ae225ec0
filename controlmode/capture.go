package controlmode

import (
	"bytes"
	"context"
	"fmt"

	"interplexer/controlmode/internal/wire"
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
	cmd := wire.NewCommand("display-message -p").To(t).Word("'#{pane_height}'").Then("capture-pane -p").To(t)
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 2, Counted: 1}, readOnly: true})
	if err != nil {
		return nil, err
	}
	return blocks[1].Body, nil
}

// captureThroughBuffer is the form that does not leak. The commands go by
// their short names: this is the line that is sent most, and its parsing a
// part of its cost. Where show-buffer overruns, the height is asked for, too.
func (c Client) captureThroughBuffer(ctx context.Context, t Target) ([]byte, error) {
	var cmd *wire.Command
	f := wire.Frame{Blocks: 3, Free: 1, Sealed: true}
	overruns := c.version.has(overrunBuffers)
	if overruns {
		cmd = wire.NewCommand("display-message -p").To(t).Word("'#{pane_height}'").Then("capturep -b " + captureBuffer)
		f.Blocks, f.Free = 4, 2
	} else {
		cmd = wire.NewCommand("capturep -b " + captureBuffer)
	}
	cmd.To(t).Then("showb -b " + captureBuffer).Then("deleteb -b " + captureBuffer)
	blocks, err := c.send(ctx, cmd, request{frame: f, nonce: true, readOnly: true, told: c.version.has(toldBuffers)})
	if err != nil {
		return nil, err
	}
	printed := blocks[f.Free].Body
	if !overruns {
		return bufferText(c.version, printed)
	}
	r := wire.RecordReader{Rest: string(blocks[0].Body)}
	height := r.Number()
	if r.Newline(); r.Bad {
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
		return wire.DecodeVis(text)
	}
	return text, nil
}
