package controlmode

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	"interplexer/controlmode/internal/wire"
)

// inputPrefix starts the names of the buffers that live longer than one command line.
const inputPrefix = "interplexer-input-"

// uniqueBuffers names the paste buffers that live longer than one command line,
// mostly those of long input. Each has a name of its own.
var uniqueBuffers = bufferNames{process: inputPrefix + randomNonce()}

// bufferNames makes names that no other process uses and that are used once.
type bufferNames struct {
	process string // the part that all names of this process share
	count   atomic.Uint64
}

func (b *bufferNames) next() string {
	return b.process + "-" + strconv.FormatUint(b.count.Add(1), 10)
}

// uniqueBufferName matches the names that any process makes.
var uniqueBufferName = regexp.MustCompile("^" + inputPrefix + "[0-9a-f]{32}-[0-9]+$")

// deleteStaleBuffers deletes the buffers that an earlier process left behind when it
// died.
func (c Client) deleteStaleBuffers(ctx context.Context) error {
	list := wire.NewCommand("list-buffers -F '#{buffer_name}' -f").Arg("#{m:" + inputPrefix + "*,#{buffer_name}}")
	blocks, err := c.send(ctx, list, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return err
	}
	for name := range strings.Lines(string(blocks[0].Body)) {
		name = strings.TrimSuffix(name, "\n")
		if !uniqueBufferName.MatchString(name) || strings.HasPrefix(name, uniqueBuffers.process) {
			continue
		}
		if _, err := c.run(ctx, wire.NewCommand("delete-buffer -b "+name), 1); err != nil {
			return err
		}
	}
	return nil
}

// deleteLater notes a buffer that could not be deleted because tmux did not answer,
// or because its connection was being replaced.
func (s *Server) deleteLater(buffer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leftovers = append(s.leftovers, buffer)
}

func (c serverCaller) deleteLater(buffer string) { c.server.deleteLater(buffer) }

// deleteLeftovers deletes the noted buffers when tmux answers on the connection. It
// does not block: Close waits for the goroutine that deletes them.
func (s *Server) deleteLeftovers(conn *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != conn || s.unresponsive || len(s.leftovers) == 0 {
		return
	}
	names := s.leftovers
	s.leftovers = nil
	s.watchers.Go(func() {
		for _, name := range names {
			s.deleteLeftover(conn, name)
		}
	})
}

// deleteLeftover deletes one buffer, and notes it again if it may still be there.
func (s *Server) deleteLeftover(conn *Conn, name string) {
	ctx, cancel := context.WithTimeout(s.baseCtx, cleanupTimeout)
	defer cancel()
	_, err := conn.run(ctx, wire.NewCommand("delete-buffer -b "+name), 1)
	var notThere *CommandError
	if err != nil && !errors.As(err, &notThere) {
		s.deleteLater(name)
	}
}
