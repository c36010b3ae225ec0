package session

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lateOutput is how old output may be when tmux tells it, before the program
	// is held up: tmux takes far more in this time than it tells in the second
	// after which it drops the rest.
	lateOutput = 8 * time.Millisecond
	// freshOutput is how old it is when nothing more waits.
	freshOutput = 4 * time.Millisecond
	// quietTime is how long nothing is told when nothing waits.
	quietTime = 50 * time.Millisecond
)

// Actions of TCXONC, which Linux numbers the same on every machine.
const tcooff, tcoon = 0, 1

// brake holds a program up that writes more than tmux tells: its terminal takes
// no output for a while, as after Ctrl-S.
type brake struct {
	fd int

	mu       sync.Mutex  // guards what follows
	held     *time.Timer // ends the holding; nil: it is not held
	released bool        // for good
}

// late is told how old output is. It does not block.
func (b *brake) late(age time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.held != nil && age <= freshOutput:
		b.free()
	case b.held != nil:
		b.held.Reset(quietTime)
	case age >= lateOutput && !b.released && unix.IoctlSetInt(b.fd, unix.TCXONC, tcooff) == nil:
		b.held = time.AfterFunc(quietTime, b.let)
	}
}

// free is called with mu held.
func (b *brake) free() {
	b.held.Stop()
	b.held = nil
	_ = unix.IoctlSetInt(b.fd, unix.TCXONC, tcoon)
}

// let lets the program go on.
func (b *brake) let() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil {
		b.free()
	}
}

// release lets it go on for good; the terminal may be closed then.
func (b *brake) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil {
		b.free()
	}
	b.released = true
}
