// Package process starts the servers that scripts/bench measures and that
// scripts/chaos breaks, ends them, and reads /proc about them and about the
// processes that they have started.
package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Process is a server process that this program started.
type Process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	log    string        // name of a file
	exited chan struct{} // closed when the process has exited
}

// Start starts cmd in a process group of its own, because a Ctrl-C is for this
// program, which then ends its processes in order. The standard error is appended
// to the file log, and so is the standard output if cmd has none. The standard
// input is a pipe, which ends when this program does. The caller
// ends the process with Stop or Kill.
func Start(cmd *exec.Cmd, log string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	defer out.Close()
	if cmd.Stderr = out; cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("process: start: %w", err)
	}
	p := &Process{cmd: cmd, stdin: stdin, log: log, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // Status has the result
		close(p.exited)
	}()
	return p, nil
}

// PID returns the id of the process, also after it has exited.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited returns a channel that is closed when the process has exited.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Status says how the process has exited. It waits until it has.
func (p *Process) Status() string {
	<-p.exited
	return p.cmd.ProcessState.String()
}

// Kill sends SIGKILL and waits until the process has exited. It may have exited
// before.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails when it has exited
	<-p.exited
}

// Stop sends SIGTERM, as a service manager does, closes the standard input, and
// waits until the process has exited. It kills a process that has not after the timeout, and fails then and
// when the exit status is not 0.
func (p *Process) Stop(timeout time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has exited
	p.stdin.Close()
	select {
	case <-p.exited:
	case <-time.After(timeout):
		p.Kill()
		return fmt.Errorf("process: %s did not exit within %s of SIGTERM\n%s", p.cmd.Path, timeout, p.LogTail())
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("process: %s: %s\n%s", p.cmd.Path, p.cmd.ProcessState, p.LogTail())
	}
	return nil
}

// logTailBytes bounds what LogTail returns.
const logTailBytes = 3000

// LogTail returns the end of the process's log, or the error of reading it.
func (p *Process) LogTail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-logTailBytes):])
}

// Environ returns this program's environment and more variables. It leaves out
// the settings of another instance of the service, and those of a tmux around
// this program.
func Environ(more ...string) []string {
	all := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "INTERPLEXER_") || strings.HasPrefix(entry, "TMUX")
	})
	return append(all, more...)
}

// Output runs cmd and returns its standard output without the white space at the
// ends. The error of one that fails has the standard error.
func Output(cmd *exec.Cmd) (string, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}
