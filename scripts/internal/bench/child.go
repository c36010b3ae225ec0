package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"syscall"
	"time"
)

const (
	startTime = 20 * time.Second // that a server gets to say where it serves
	stopTime  = 15 * time.Second // and to end
)

// child is a server process that this program started.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string // where it serves
	log   string // file of its standard error
	ended chan struct{}
}

// servesAt finds the address in what a server prints when it is up.
var servesAt = regexp.MustCompile(`serves http://([0-9.]+:[0-9]+)`)

// startChild starts a server and waits for it to print where it serves.
func startChild(ctx context.Context, cmd *exec.Cmd, log string) (*child, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stderr = out
	// A Ctrl-C is for this program, which then stops its children in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: start: %w", err)
	}
	c := &child{cmd: cmd, stdin: stdin, log: log, ended: make(chan struct{})}
	serving := make(chan string, 1)
	go c.watch(stdout, serving)
	select {
	case c.addr = <-serving:
		return c, nil
	case <-c.ended:
		err = errors.New("it ended")
	case <-time.After(startTime):
		err = errors.New("it did not say where it serves")
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = c.stop() // its last words are said once
	return nil, fmt.Errorf("bench: start %s: %w\n%s", cmd.Path, err, c.lastWords())
}

// watch reads what the child prints until it ends, and then waits for it.
func (c *child) watch(stdout io.Reader, serving chan<- string) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := servesAt.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case serving <- m[1]:
			default:
			}
		}
	}
	_ = c.cmd.Wait() // how it ended is told by stop
	close(c.ended)
}

// stop ends the child and waits for it. It fails when the child did not end, or
// not well.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended
	c.stdin.Close()
	select {
	case <-c.ended:
	case <-time.After(stopTime):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
	if !c.cmd.ProcessState.Success() {
		return fmt.Errorf("bench: %s: %s\n%s", c.cmd.Path, c.cmd.ProcessState, c.lastWords())
	}
	return nil
}

// lastWords are the end of the child's log.
func (c *child) lastWords() []byte {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-2000):]
}

// untilStopped is done when this process, as a child, is to end: by a signal,
// or because its parent is gone, whose end closes the pipe.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx, cancel
}

// cleanup is what to undo at the end, the last first.
type cleanup []func() error

func (c *cleanup) add(undo func() error) { *c = append(*c, undo) }

func (c *cleanup) run() error {
	var err error
	for _, undo := range slices.Backward(*c) {
		err = errors.Join(err, undo())
	}
	return err
}
