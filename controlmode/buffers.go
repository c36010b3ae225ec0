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

const inputPrefix = "interplexer-input-"

// lastingBuffers names the paste buffers that live longer than one command line,
// those of long input above all, each of its own.
var uniqueBuffers = bufferNames{process: inputPrefix + randomNonce()}

type bufferNames struct {
	process string // what is common to those of this process
	count   atomic.Uint64
}

func (b *bufferNames) next() string {
	return b.process + "-" + strconv.FormatUint(b.count.Add(1), 10)
}

var uniqueBufferName = regexp.MustCompile("^" + inputPrefix + "[0-9a-f]{32}-[0-9]+$")

// dropStale deletes the buffers that a process before this one left
// behind when it died.
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

// dropLater notes a buffer that could not be deleted: tmux did not answer, or
// its connection was being replaced.
func (s *Server) deleteLater(buffer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leftovers = append(s.leftovers, buffer)
}

func (b serverCaller) deleteLater(buffer string) { b.server.deleteLater(buffer) }

// dropLeft deletes what was noted, when tmux answers on the connection. Nobody
// waits for it.
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

func (s *Server) deleteLeftover(conn *Conn, name string) {
	ctx, cancel := context.WithTimeout(s.baseCtx, cleanupTimeout)
	defer cancel()
	_, err := conn.run(ctx, wire.NewCommand("delete-buffer -b "+name), 1)
	var notThere *CommandError
	if err != nil && !errors.As(err, &notThere) {
		s.deleteLater(name)
	}
}
