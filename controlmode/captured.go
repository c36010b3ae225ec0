package controlmode

import (
	"context"
	"fmt"

	"interplexer/controlmode/internal/wire"
)

// bufferSize prints how many bytes the buffer of a capture holds, and nothing
// that a pane's program can write: neither the name nor the number is its.
const bufferSize = "list-buffers -F '#{buffer_size}' -f '#{==:#{buffer_name}," + captureBuffer + "}'"

// captured is a capture-pane and a look at the pane's state on the same command
// line, so that both are of one moment.
type captured struct {
	target  Target
	head    string // a format of tmux's own text, told before the capture
	options ScreenOptions
	area    string // -S and -E with their numbers; empty: the screen
	bulk    bool
}

// capture returns what the head's format gave and the captured text. It may have
// any number of lines: a nonce says where it ends. Where the captured text is
// itself a block, an error takes its place, and the nonce is on a line of its own.
func (c Client) capture(ctx context.Context, k captured) (head, text []byte, err error) {
	leaky := c.version.has(leakyCapture)
	overruns := c.version.has(overrunBuffers)
	cmd := wire.NewCommand("display-message -p").To(k.target).Word(k.head).Then("capture-pane")
	if leaky {
		cmd.Word("-b " + captureBuffer)
	} else {
		cmd.Word("-p")
	}
	k.options.words(cmd)
	cmd.To(k.target)
	if k.area != "" {
		cmd.Word(k.area)
	}
	f := wire.Frame{Blocks: 2, Free: 1}
	if leaky {
		f = wire.Frame{Blocks: 4, Free: 2, Sealed: true}
		if overruns {
			f.Blocks, f.Free = 5, 3
			cmd.Then(bufferSize)
		}
		cmd.Then("show-buffer -b " + captureBuffer).Then("delete-buffer -b " + captureBuffer)
	}
	req := request{frame: f, nonce: true, readOnly: true, bulk: k.bulk, told: leaky && c.version.has(toldBuffers)}
	blocks, err := c.send(ctx, cmd, req)
	if err != nil {
		return nil, nil, err
	}
	head, text = blocks[0].Body, blocks[f.Free].Body
	switch {
	case overruns:
		text, err = firstBytes(text, blocks[2].Body)
	case leaky:
		text, err = bufferText(c.version, text)
	}
	return head, text, err
}

// firstBytes are those of a capture that show-buffer has printed, without what
// it has printed after them (see overrunBuffers).
func firstBytes(printed, size []byte) ([]byte, error) {
	r := wire.RecordReader{Rest: string(size)}
	n := r.Number()
	if r.Newline(); r.Bad || r.Rest != "" {
		return nil, fmt.Errorf("%w: a buffer's size is %q", ErrProtocol, size)
	}
	if n > len(printed) {
		return nil, fmt.Errorf("%w: show-buffer printed %d bytes of %d", ErrProtocol, len(printed), n)
	}
	return printed[:n:n], nil
}
