package controlmode

import (
	"context"

	"interplexer/controlmode/internal/wire"
)

// ThroughBuffer puts one quoted argument into a buffer and returns the buffer's
// content.
func (c Client) ThroughBuffer(ctx context.Context, arg string) ([]byte, error) {
	cmd := wire.NewCommand("set-buffer -b fuzz -- " + arg + " ; show-buffer -b fuzz ; delete-buffer -b fuzz")
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 3, FreeText: 1, Sealed: true}, nonce: true})
	if err != nil {
		return nil, err
	}
	return wire.BufferText(blocks[1].Body, c.version.has(encodedBuffers))
}

// Same has tmux compare one quoted argument with the expansion of the other one.
func (c Client) Same(ctx context.Context, plain, format string) (bool, error) {
	cmd := wire.NewCommand("set-option -s @plain " + plain + " ; set-option -s -F @expanded " + format)
	blocks, err := c.run(ctx, cmd.Then("display-message -p '#{==:#{@plain},#{@expanded}}'"), 3)
	if err != nil {
		return false, err
	}
	return string(blocks[2].Body) == "1\n", nil
}
