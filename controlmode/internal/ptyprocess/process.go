package ptyprocess

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// drainTime is how long the stream may go on after the client process has
// ended: the tmux server holds the pty until it has noticed.
const drainTimeout = time.Second

// process is a tmux client on the slave side of a pty.
type Process struct {
	master *os.File
	raw    syscall.RawConn // master's
	proc   *os.Process
	exited chan struct{} // closed when the process has been waited for

	// reading: something may have been read that whoever reads has not dealt
	// with. When nothing is unread and this is false, in that order, all that
	// tmux had written has been dealt with.
	reading atomic.Bool
	// step, unless nil, is closed when that may have changed.
	progress atomic.Pointer[chan struct{}]
	// caught is when all was last known to have been dealt with, since made.
	caughtUp atomic.Int64
	made     time.Time
}

// startProcess starts the client on a raw pty. The slave is made raw before
// exec: a cooked one would echo every command and cut lines at 4,095 bytes.
func Start(cmd *exec.Cmd) (*Process, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("controlmode: open pty: %w", err)
	}
	defer slave.Close()
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		master.Close()
		return nil, fmt.Errorf("controlmode: make pty raw: %w", err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = clientAttributes()

	if master, err = pollable(master); err != nil {
		return nil, err
	}
	raw, err := master.SyscallConn()
	if err != nil {
		master.Close()
		return nil, fmt.Errorf("controlmode: make pty pollable: %w", err)
	}
	p := &Process{master: master, raw: raw, exited: make(chan struct{}), made: time.Now()}
	started := make(chan error)
	go p.startAndWait(cmd, started)
	if err := <-started; err != nil {
		master.Close()
		return nil, fmt.Errorf("controlmode: start tmux: %w", err)
	}
	return p, nil
}

// pollable replaces a file that blocks in system calls, as pty.Open's does, by
// one whose reads and writes have deadlines: those to a tmux server that is
// stopped could not be ended otherwise, as it holds the pty open even when the
// client is dead.
func pollable(blocking *os.File) (*os.File, error) {
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("controlmode: make pty pollable: %w", err)
	}
	return os.NewFile(uintptr(fd), blocking.Name()), nil
}

// startAndWait runs for as long as the process does, on one OS thread: the
// parent-death signal follows the thread that started the child.
func (p *Process) startAndWait(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.proc = cmd.Process
	started <- nil
	cmd.Wait() // how a killed client ended says nothing
	p.master.SetDeadline(time.Now().Add(drainTimeout))
	close(p.exited)
}

// Exited is closed when the process has ended and has been waited for.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Kill ends the client with SIGKILL, the one signal it cannot be stuck in.
func (p *Process) Kill() { p.proc.Kill() }

// Read reads what tmux wrote; on Linux the end of a pty is EIO. It belongs to one
// goroutine, and by calling it, that has dealt with what was read before.
func (p *Process) Read(b []byte) (n int, err error) {
	p.reportProgress()
	ended := p.raw.Read(func(fd uintptr) bool {
		p.reading.Store(true)
		for err = unix.EINTR; err == unix.EINTR; {
			n, err = unix.Read(int(fd), b)
		}
		if err != unix.EAGAIN {
			return true
		}
		p.reading.Store(false)
		p.reportProgress()
		return false
	})
	switch {
	case ended != nil:
		return 0, ended
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes commands to tmux. It blocks while tmux does not read, until
// the process is killed.
func (p *Process) Write(b []byte) (int, error) { return p.master.Write(b) }

// Close waits for the killed process and closes the pty.
func (p *Process) Close() error {
	<-p.exited
	return p.master.Close()
}

const (
	// maxSteps bounds the wait for all to be read where tmux writes all the time.
	maxCatchUpReads = 64
	// caughtFor is how long it counts that all has been read, so that many who
	// ask cost no more system calls than one.
	catchUpMaxAge = 3 * time.Millisecond
)

// catchUp blocks until all that tmux had written caughtFor ago has been read and
// dealt with, or ctx is done, or the reading has ended. When tmux writes faster
// than it is read, it returns after maxSteps reads.
func (p *Process) CatchUp(ctx context.Context, ended <-chan struct{}) {
	if time.Since(p.made)-time.Duration(p.caughtUp.Load()) < catchUpMaxAge {
		return
	}
	for range maxCatchUpReads {
		if !p.unread() {
			return
		}
		step := p.nextProgress()
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
func (p *Process) nextProgress() <-chan struct{} {
	fresh := make(chan struct{})
	for {
		if step := p.progress.Load(); step != nil {
			return *step
		}
		if p.progress.CompareAndSwap(nil, &fresh) {
			return fresh
		}
	}
}

// unread reports whether tmux has written what has not been dealt with.
func (p *Process) unread() bool {
	began, more := time.Since(p.made), false
	err := p.raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds[:], 0)
		more = n > 0 && err == nil
	})
	if err == nil && (more || p.reading.Load()) {
		return true
	}
	p.caughtUp.Store(int64(began))
	return false
}

// stepped wakes those who wait for what was read, or for there being no more.
func (p *Process) reportProgress() {
	if p.progress.Load() != nil {
		if step := p.progress.Swap(nil); step != nil {
			close(*step)
		}
	}
}
