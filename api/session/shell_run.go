package session

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Bounds of a run.
const (
	MaxRunTime    = 60 * time.Second // that one call waits for it
	MaxRunOutput  = 16 << 20         // bytes
	MaxRunCommand = 1 << 20          // bytes
)

// Errors of a run, besides those of Send.
var (
	// ErrNoShell: the pane's foreground program is no shell that is known here.
	ErrNoShell = errors.New("session: the foreground program is no shell")
	// ErrShellBusy: the shell is in the foreground, and not at its prompt.
	ErrShellBusy = errors.New("session: the shell is not at its prompt")
	// ErrRunning: the pane has a run that is not over. Every error that is one
	// is a *RunningError.
	ErrRunning = errors.New("session: the pane has a run already")
	// ErrRunTimeout: the run is not over yet. Every error that is one is a
	// *RunTimeoutError.
	ErrRunTimeout = errors.New("session: the run is not over yet")
)

// RunningError is ErrRunning with the run that there is.
type RunningError struct {
	Session int64
	Run     string
}

func (e *RunningError) Error() string { return ErrRunning.Error() }
func (e *RunningError) Unwrap() error { return ErrRunning }

// RunTimeoutError is ErrRunTimeout with what was seen so far.
type RunTimeoutError struct{ Seen RunResult }

func (e *RunTimeoutError) Error() string { return ErrRunTimeout.Error() }
func (e *RunTimeoutError) Unwrap() error { return ErrRunTimeout }

// RunOptions are a command and how it is waited for.
type RunOptions struct {
	Command   string        // in the shell's language, of any number of lines
	Pane      string        // "%5"; empty: the active pane
	Timeout   time.Duration // of the waiting, not of the command
	MaxOutput int           // bytes of its output to keep: the first ones

	stdin *string // nil: the terminal
	after func()  // called when it is over; nil: nothing
}

// RunResult is what is known of a run.
type RunResult struct {
	ID        string // of the run
	Session   int64
	Output    []byte // as the program wrote it to its terminal
	Truncated bool   // there was more, or some of it was not heard
	Duration  time.Duration
	// ExitCode is what the shell has in $?; nil: the run is not over, or the
	// shell ended without having told.
	ExitCode   *int
	ShellEnded bool // the command has ended or replaced the shell
}

// RunCommand types a command into the shell of a pane of the caller's session,
// waits until it has ended, and returns what it wrote. A run that is not over in
// time, or whose caller leaves, goes on: AwaitRun waits for it again. It fails
// as Send does, and with ErrNoShell, ErrShellBusy and ErrRunning, after which
// nothing was typed, and with ErrRunTimeout.
func (r *Registry) RunCommand(ctx context.Context, p Principal, id int64, o RunOptions) (RunResult, error) {
	if err := o.check(); err != nil {
		return RunResult{}, err
	}
	late, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, startTime)
	defer stop()
	x, err := r.startRun(ctx, p, id, o)
	if err != nil {
		return RunResult{}, err
	}
	return x.await(late)
}

// startTime bounds the start of a run, however short its own time: a caller for
// whom it has not begun in that could not tell what has become of it.
const startTime = 10 * time.Second

// AwaitRun waits for a run that RunCommand has left, or tells how one ended that
// is remembered. It fails with ErrNotFound when there is no such run, and with
// ErrRunTimeout.
func (r *Registry) AwaitRun(ctx context.Context, p Principal, id int64, run string, timeout time.Duration) (RunResult, error) {
	x := r.runs.find(id, run)
	if x == nil || x.user != p.UserID {
		return RunResult{}, ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return x.await(ctx)
}

func (o RunOptions) check() error {
	var bad InvalidError
	fail := func(field, detail string) {
		bad.Fields = append(bad.Fields, FieldError{Field: field, Detail: detail})
	}
	switch {
	case o.Command == "":
		fail("command", "must not be empty")
	case len(o.Command) > MaxRunCommand:
		fail("command", "must be at most 1 MiB")
	case strings.Contains(o.Command, "\x00"):
		fail("command", "must not contain NUL")
	}
	if o.Timeout <= 0 || o.Timeout > MaxRunTime {
		fail("timeout", "must be more than 0 and at most 60 seconds")
	}
	if o.MaxOutput < 0 || o.MaxOutput > MaxRunOutput {
		fail("max_output", "must be from 0 to 16777216 bytes")
	}
	if len(bad.Fields) > 0 {
		return &bad
	}
	return nil
}
