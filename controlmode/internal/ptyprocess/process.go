// Package ptyprocess runs a tmux client on a pseudo-terminal. A Process is the
// client, and the stream of bytes from and to it. CatchUp waits until everything that
// the client has written so far has been read. The package controlmode is its only
// caller.
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

// drainTimeout is how long the stream may go on after the client process has ended:
// the tmux server holds the pty open until it has noticed.
const drainTimeout = time.Second

// Process is a tmux client on the slave side of a pty. Start makes it; whoever starts
// it calls Kill and Close.
type Process struct {
	master *os.File
	raw    syscall.RawConn // raw access to master
	proc   *os.Process
	exited chan struct{} // closed when the process has been waited for

	// reading: the reader may hold bytes that it has not handled yet. When the kernel
	// holds no unread bytes and then this is false, everything that tmux had written
	// has been handled.
	reading atomic.Bool
	// progress, unless nil, is closed when that may have changed.
	progress atomic.Pointer[chan struct{}]
	// caughtUp is when everything was last known to have been handled, as a time
	// since made.
	caughtUp atomic.Int64
	made     time.Time
}

// Start starts the client on a raw pty. The slave is made raw before exec: a cooked
// one would echo every command and cut lines at 4,095 bytes.
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

// pollable replaces a file that blocks in system calls, as pty.Open's does, by one
// whose reads and writes have deadlines. Without deadlines, reads and writes could
// not be ended while a tmux server is stopped: it holds the pty open even when the
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

// startAndWait starts the process and returns when it has ended. It stays on one OS
// thread, because the parent-death signal follows the thread that started the child.
func (p *Process) startAndWait(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.proc = cmd.Process
	started <- nil
	cmd.Wait() // how a killed client ended does not matter
	p.master.SetDeadline(time.Now().Add(drainTimeout))
	close(p.exited)
}

// Exited is closed when the process has ended and has been waited for.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Kill ends the client with SIGKILL, the only signal that always works. It does not
// wait.
func (p *Process) Kill() { p.proc.Kill() }

// Read reads the client's output. On Linux the end of a pty is EIO. Only one
// goroutine may call it, and each call says that the bytes of the previous one have
// been handled.
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

// Write writes commands to the client. While tmux does not read, it blocks until the
// process is killed.
func (p *Process) Write(b []byte) (int, error) { return p.master.Write(b) }

// Close waits for the killed process and closes the pty.
func (p *Process) Close() error {
	<-p.exited
	return p.master.Close()
}

const (
	// maxCatchUpReads bounds the reads that CatchUp waits for when tmux writes all
	// the time.
	maxCatchUpReads = 64
	// catchUpMaxAge is how long a successful CatchUp counts for later ones, so that
	// many callers cost no more system calls than one.
	catchUpMaxAge = 3 * time.Millisecond
)

// CatchUp blocks until everything that tmux had written catchUpMaxAge ago has been
// read and handled, or until ctx is done or ended is closed. When tmux writes faster
// than it is read, CatchUp returns after maxCatchUpReads reads.
func (p *Process) CatchUp(ctx context.Context, ended <-chan struct{}) {
	if time.Since(p.made)-time.Duration(p.caughtUp.Load()) < catchUpMaxAge {
		return
	}
	for range maxCatchUpReads {
		if !p.unread() {
			return
		}
		step := p.nextProgress()
		if !p.unread() { // the reader may have caught up before nextProgress
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

// nextProgress is closed when more bytes have been read or handled.
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

// unread reports whether tmux has written bytes that have not been handled.
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

// reportProgress wakes every CatchUp that waits.
func (p *Process) reportProgress() {
	if p.progress.Load() != nil {
		if step := p.progress.Swap(nil); step != nil {
			close(*step)
		}
	}
}
