package controlmode

import (
	"context"
	"fmt"
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
	cmd := newCommand("display-message -p").to(k.target).word(k.head).then("capture-pane")
	if leaky {
		cmd.word("-b " + captureBuffer)
	} else {
		cmd.word("-p")
	}
	k.options.words(cmd)
	cmd.to(k.target)
	if k.area != "" {
		cmd.word(k.area)
	}
	f := frame{blocks: 2, free: 1}
	if leaky {
		f = frame{blocks: 4, free: 2, sealed: true}
		if overruns {
			f.blocks, f.free = 5, 3
			cmd.then(bufferSize)
		}
		cmd.then("show-buffer -b " + captureBuffer).then("delete-buffer -b " + captureBuffer)
	}
	req := request{frame: f, nonce: true, readOnly: true, bulk: k.bulk, told: leaky && c.version.has(toldBuffers)}
	blocks, err := c.send(ctx, cmd, req)
	if err != nil {
		return nil, nil, err
	}
	head, text = blocks[0].Body, blocks[f.free].Body
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
	r := records{rest: string(size)}
	n := r.number()
	if r.newline(); r.bad || r.rest != "" {
		return nil, fmt.Errorf("%w: a buffer's size is %q", ErrProtocol, size)
	}
	if n > len(printed) {
		return nil, fmt.Errorf("%w: show-buffer printed %d bytes of %d", ErrProtocol, len(printed), n)
	}
	return printed[:n:n], nil
}
