package session

import (
	"context"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"interplexer/controlmode"
)

const (
	// maxBacklog is how much may be typed into a pane before it is asked
	// whether its program reads: tmux keeps what the terminal does not take,
	// without a bound of its own.
	maxBacklog = 1 << 20
	// fullTerminal is how many unread bytes a terminal holds when it takes no
	// more; Linux and macOS have room for 4,095 and 1,024.
	fullTerminal = 1000
)

// backlogs count what was typed into panes that may not have been read.
type backlogs struct {
	mu    sync.Mutex // guards what follows
	bytes map[int64]map[string]int
}

// take counts n bytes for a pane of a session, as callers name it, or fails
// with ErrNotReading.
func (b *backlogs) take(ctx context.Context, id int64, pane string, n int, tty func(context.Context) (string, error)) error {
	if b.add(id, pane, n) {
		return nil
	}
	path, err := tty(ctx)
	if err != nil {
		return err
	}
	if unread(path) >= fullTerminal {
		return ErrNotReading
	}
	b.set(id, pane, n)
	return nil
}

// add counts n bytes, unless that would be too many.
func (b *backlogs) add(id int64, pane string, n int) bool {
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
	if len(b.bytes[id]) >= maxPlain { // callers name the panes
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

// unread is how many bytes wait in a terminal for its program; 0 when that
// cannot be told.
func unread(tty string) int {
	file, err := os.OpenFile(tty, os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer file.Close()
	n, err := unix.IoctlGetInt(int(file.Fd()), unreadBytes)
	if err != nil {
		return 0
	}
	return n
}

// paneTTY asks for the terminal of a pane.
func (r *Registry) paneTTY(rec *record, target controlmode.Target) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) { return rec.on(r.tmux).PaneTTY(ctx, target) }
}
