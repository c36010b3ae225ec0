package registry

import (
	"context"
	"sync"

	"interplexer/api/session"
	"interplexer/api/session/tty"
)

const (
	// maxBacklog is how much may be typed into a pane before it is asked
	// whether its program reads: tmux keeps what the terminal does not take,
	// without a bound of its own.
	maxBacklog = 1 << 20
	// fullTerminal is how many unread bytes a terminal holds when it takes no
	// more; Linux and macOS have room for 4,095 and 1,024.
	fullTerminal = 1000
	// maxBacklogPanes bounds the panes of one session that are counted: callers name
	// them.
	maxBacklogPanes = 64
)

// backlogs count what was typed into panes that may not have been read.
type backlogs struct {
	mu    sync.Mutex // guards what follows
	bytes map[int64]map[string]int
}

// add counts n bytes for a pane of a session, as callers name it, or fails
// with ErrNotReading.
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

// tryAdd counts n bytes, unless that would be too many.
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

// count is called with mu held.
func (b *backlogs) count(id int64, pane string, n int) {
	if b.bytes[id] == nil {
		if b.bytes == nil {
			b.bytes = map[int64]map[string]int{}
		}
		b.bytes[id] = map[string]int{}
	}
	if len(b.bytes[id]) >= maxBacklogPanes { // callers name the panes
		clear(b.bytes[id])
	}
	b.bytes[id][pane] = n
}

// forget drops what is counted for a session.
func (b *backlogs) forget(id int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.bytes, id)
}
