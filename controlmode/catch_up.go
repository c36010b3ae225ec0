package controlmode

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxSteps bounds the wait for all to be read where tmux writes all the time.
	maxSteps = 64
	// caughtFor is how long it counts that all has been read, so that many who
	// ask cost no more system calls than one.
	caughtFor = 3 * time.Millisecond
)

// catchUp blocks until all that tmux had written caughtFor ago has been read and
// dealt with, or ctx is done, or the reading has ended. When tmux writes faster
// than it is read, it returns after maxSteps reads.
func (p *process) catchUp(ctx context.Context, ended <-chan struct{}) {
	if time.Since(p.made)-time.Duration(p.caught.Load()) < caughtFor {
		return
	}
	for range maxSteps {
		if !p.unread() {
			return
		}
		step := p.nextStep()
		if !p.unread() { // it may have gone on before
			return
		}
		select {
		case <-step:
		case <-ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// nextStep is closed when something more has been read or dealt with.
func (p *process) nextStep() <-chan struct{} {
	fresh := make(chan struct{})
	for {
		if step := p.step.Load(); step != nil {
			return *step
		}
		if p.step.CompareAndSwap(nil, &fresh) {
			return fresh
		}
	}
}

// unread reports whether tmux has written what has not been dealt with.
func (p *process) unread() bool {
	began, more := time.Since(p.made), false
	err := p.raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds[:], 0)
		more = n > 0 && err == nil
	})
	if err == nil && (more || p.reading.Load()) {
		return true
	}
	p.caught.Store(int64(began))
	return false
}

// stepped wakes those who wait for what was read, or for there being no more.
func (p *process) stepped() {
	if p.step.Load() != nil {
		if step := p.step.Swap(nil); step != nil {
			close(*step)
		}
	}
}
