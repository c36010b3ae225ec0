package controlmode

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
)

const inputPrefix = "interplexer-input-"

// inputBuffers names the paste buffers of long input, each of its own: they are
// filled while others are.
var inputBuffers = bufferNames{process: inputPrefix + randomNonce()}

type bufferNames struct {
	process string // what is common to those of this process
	count   atomic.Uint64
}

func (b *bufferNames) next() string {
	return b.process + "-" + strconv.FormatUint(b.count.Add(1), 10)
}

var inputBufferForm = regexp.MustCompile("^" + inputPrefix + "[0-9a-f]{32}-[0-9]+$")

// dropStale deletes the buffers of input that a process before this one left
// behind when it died.
func (c Client) dropStale(ctx context.Context) error {
	list := newCommand("list-buffers -F '#{buffer_name}' -f").arg("#{m:" + inputPrefix + "*,#{buffer_name}}")
	blocks, err := c.send(ctx, list, request{frame: frame{blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return err
	}
	for name := range strings.Lines(string(blocks[0].Body)) {
		name = strings.TrimSuffix(name, "\n")
		if !inputBufferForm.MatchString(name) || strings.HasPrefix(name, inputBuffers.process) {
			continue
		}
		if _, err := c.run(ctx, newCommand("delete-buffer -b "+name), 1); err != nil {
			return err
		}
	}
	return nil
}
