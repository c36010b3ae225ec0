package registry

import (
	"context"
	"sync"

	"interplexer/api/session"
	"interplexer/api/session/tty"
)

const (
	// maxBacklog is how many bytes may be typed into a pane before the kernel is asked
	// whether the pane's program reads them. tmux buffers input that the terminal does
	// not take, without a bound of its own.
	maxBacklog = 1 << 20
	// fullTerminal is the number of unread bytes from which on a terminal counts as
	// full. Linux has room for 4,095 bytes, macOS for 1,024.
	fullTerminal = 1000
	// maxBacklogPanes bounds the counted panes of one session: callers choose their
	// names.
	maxBacklogPanes = 64
)

// backlogs count the bytes that were typed into panes and may not have been read.
type backlogs struct {
	mu    sync.Mutex               // guards bytes
	bytes map[int64]map[string]int // by session, and by pane as callers name it
}

// add counts n bytes for a pane of a session, as callers name it. It fails with
// ErrNotReading if the pane's program does not read. path returns the path of the pane's
// terminal; add calls it only when the pane's count is at its bound.
func (b *backlogs) add(ctx context.Context, id int64, pane string, n int, path func(context.Context) (string, error)) error {
	if b.tryAdd(id, pane, n) {
		return nil
	}
	terminal, err := path(ctx)
	if err != nil {
		return err
	}
	if tty.Unread(terminal) >= fullTerminal {
		return session.ErrNotReading
	}
	b.set(id, pane, n)
	return nil
}

// tryAdd counts n bytes, and reports false if that would be too many.
func (b *backlogs) tryAdd(id int64, pane string, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.bytes[id][pane]
	if before > 0 && before+n > maxBacklog {
		return false
	}
	b.count(id, pane, before+n)
	return true
}

func (b *backlogs) set(id int64, pane string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(id, pane, n)
}

// count sets the count of a pane. The caller holds mu.
func (b *backlogs) count(id int64, pane string, n int) {
	if b.bytes[id] == nil {
		if b.bytes == nil {
			b.bytes = map[int64]map[string]int{}
		}
		b.bytes[id] = map[string]int{}
	}
	if len(b.bytes[id]) >= maxBacklogPanes { // callers choose the names; counting begins again
		clear(b.bytes[id])
	}
	b.bytes[id][pane] = n
}

// forget drops the counts of a session.
func (b *backlogs) forget(id int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.bytes, id)
}
