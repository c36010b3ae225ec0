package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"interplexer/scripts/internal/process"
)

const (
	startTimeout = 20 * time.Second // until a server says where it serves
	stopTimeout  = 15 * time.Second // until it has exited
)

// server is a server process that this program started.
type server struct {
	*process.Process
	addr string // where it serves
}

// startServer starts a server and waits until it prints its address. The log gets
// its standard error.
func startServer(ctx context.Context, cmd *exec.Cmd, log string) (*server, error) {
	out := &addressFinder{found: make(chan string, 1)}
	cmd.Stdout = out
	p, err := process.Start(cmd, log)
	if err != nil {
		return nil, err
	}
	s := &server{Process: p}
	select {
	case s.addr = <-out.found:
		return s, nil
	case <-p.Exited():
		err = errors.New("it exited")
	case <-time.After(startTimeout):
		err = errors.New("it did not print where it serves")
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = s.stop() // the error below has the log, too
	return nil, fmt.Errorf("bench: start %s: %w\n%s", cmd.Path, err, s.LogTail())
}

// stop ends the server and waits for it. It fails when the server did not exit in
// time, or failed.
func (s *server) stop() error { return s.Stop(stopTimeout) }

// addressPattern matches the line that a server prints when it serves.
var addressPattern = regexp.MustCompile(`serves http://([0-9.]+:[0-9]+)\s`)

// addressFinder is the standard output of a server, in which it finds the address.
type addressFinder struct {
	text  []byte // so far; nil after the address was found
	done  bool
	found chan string // gets the address
}

func (f *addressFinder) Write(p []byte) (int, error) {
	if f.done {
		return len(p), nil
	}
	f.text = append(f.text, p...)
	if m := addressPattern.FindSubmatch(f.text); m != nil {
		f.text, f.done = nil, true
		f.found <- string(m[1])
	}
	return len(p), nil
}

// untilStopped returns a context for this process when it is a child. It ends when
// the parent closes the pipe to the standard input, or is gone.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx, cancel
}

// endTmux ends a private tmux server and waits until its process is gone: it
// answers kill-server before it has ended its sessions, and the work that is left
// would disturb the next measurement. There may be no server.
func endTmux(program, socket string, env []string) error {
	tmux := func(args ...string) (string, error) {
		cmd := exec.Command(program, append([]string{"-L", socket}, args...)...)
		cmd.Env = env
		return process.Output(cmd)
	}
	text, err := tmux("display-message", "-p", "#{pid}")
	if err != nil {
		return nil // no server
	}
	pid, err := strconv.Atoi(text)
	if err != nil || pid < 2 {
		return errors.New("bench: tmux does not say the pid of its server: " + text)
	}
	if _, err := tmux("kill-server"); err != nil {
		return err
	}
	for deadline := time.Now().Add(stopTimeout); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// cleanup has the functions that undo what a benchmark did.
type cleanup []func() error

func (c *cleanup) add(undo func() error) { *c = append(*c, undo) }

// run calls the functions, the last first, and joins their errors.
func (c *cleanup) run() error {
	var err error
	for _, undo := range slices.Backward(*c) {
		err = errors.Join(err, undo())
	}
	return err
}
