package controlmode

import (
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
const drainTime = time.Second

// process is a tmux client on the slave side of a pty.
type process struct {
	master *os.File
	raw    syscall.RawConn // master's
	proc   *os.Process
	exited chan struct{} // closed when the process has been waited for

	// reading: something may have been read that whoever reads has not dealt
	// with. When nothing is unread and this is false, in that order, all that
	// tmux had written has been dealt with.
	reading atomic.Bool
	// step, unless nil, is closed when that may have changed.
	step atomic.Pointer[chan struct{}]
	// caught is when all was last known to have been dealt with, since made.
	caught atomic.Int64
	made   time.Time
}

// startProcess starts the client on a raw pty. The slave is made raw before
// exec: a cooked one would echo every command and cut lines at 4,095 bytes.
func startProcess(cmd *exec.Cmd) (*process, error) {
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
	p := &process{master: master, raw: raw, exited: make(chan struct{}), made: time.Now()}
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
func (p *process) startAndWait(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.proc = cmd.Process
	started <- nil
	cmd.Wait() // how a killed client ended says nothing
	p.master.SetDeadline(time.Now().Add(drainTime))
	close(p.exited)
}

// kill ends the client with SIGKILL, the one signal it cannot be stuck in.
func (p *process) kill() { p.proc.Kill() }

// Read reads what tmux wrote; on Linux the end of a pty is EIO. It belongs to one
// goroutine, and by calling it, that has dealt with what was read before.
func (p *process) Read(b []byte) (n int, err error) {
	p.stepped()
	ended := p.raw.Read(func(fd uintptr) bool {
		p.reading.Store(true)
		for err = unix.EINTR; err == unix.EINTR; {
			n, err = unix.Read(int(fd), b)
		}
		if err != unix.EAGAIN {
			return true
		}
		p.reading.Store(false)
		p.stepped()
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
func (p *process) Write(b []byte) (int, error) { return p.master.Write(b) }

// Close waits for the killed process and closes the pty.
func (p *process) Close() error {
	<-p.exited
	return p.master.Close()
}
