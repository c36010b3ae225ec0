package session

import (
	"errors"
	"strings"
	"time"
)

// Bounds of a run.
const (
	MaxRunTime    = 60 * time.Second // for which one call waits
	MaxRunOutput  = 16 << 20         // bytes
	MaxRunCommand = 1 << 20          // bytes
	MaxExecInput  = 1 << 20          // bytes of a program's standard input
)

// Errors of a run, besides those of typing.
var (
	// ErrNoShell: the pane's foreground program is not a supported shell.
	ErrNoShell = errors.New("session: the foreground program is no shell")
	// ErrShellBusy: the shell is in the foreground, and not at its prompt.
	ErrShellBusy = errors.New("session: the shell is not at its prompt")
	// ErrRunning: the pane has a run that is not over. Such an error is always a
	// *RunningError.
	ErrRunning = errors.New("session: the pane has a run already")
	// ErrRunTimeout: the run is not over yet. Such an error is always a
	// *RunTimeoutError.
	ErrRunTimeout = errors.New("session: the run is not over yet")
)

// RunningError is ErrRunning with the id of the pane's run.
type RunningError struct {
	Session int64
	Run     string
}

func (e *RunningError) Error() string { return ErrRunning.Error() }

// Unwrap makes errors.Is find ErrRunning.
func (e *RunningError) Unwrap() error { return ErrRunning }

// RunTimeoutError is ErrRunTimeout with the run's result so far.
type RunTimeoutError struct{ Seen RunResult }

func (e *RunTimeoutError) Error() string { return ErrRunTimeout.Error() }

// Unwrap makes errors.Is find ErrRunTimeout.
func (e *RunTimeoutError) Unwrap() error { return ErrRunTimeout }

// RunOptions are a command, and how long its caller waits for it.
type RunOptions struct {
	Command   string        // in the shell's language; it may have several lines
	Pane      string        // "%5"; empty: the active pane
	Timeout   time.Duration // of the waiting, not of the command
	MaxOutput int           // bytes of its output to keep: the first ones
}

// Check fails with an *InvalidError.
func (o RunOptions) Check() error {
	var bad InvalidError
	switch {
	case o.Command == "":
		bad.Complain("command", "must not be empty")
	case len(o.Command) > MaxRunCommand:
		bad.Complain("command", "must be at most 1 MiB")
	case strings.Contains(o.Command, "\x00"):
		bad.Complain("command", "must not contain NUL")
	}
	bad.checkRunBounds(o.Timeout, o.MaxOutput)
	return bad.OrNil()
}

func (e *InvalidError) checkRunBounds(timeout time.Duration, maxOutput int) {
	if timeout <= 0 || timeout > MaxRunTime {
		e.Complain("timeout", "must be more than 0 and at most 60 seconds")
	}
	if maxOutput < 0 || maxOutput > MaxRunOutput {
		e.Complain("max_output", "must be from 0 to 16777216 bytes")
	}
}

// RunResult is the result of a run, or its state so far.
type RunResult struct {
	ID        string // of the run
	Session   int64
	Output    []byte // exactly as the program wrote it
	Truncated bool   // output is missing: there was more than MaxOutput, or some was lost
	Duration  time.Duration
	// ExitCode is the shell's $?; nil: the run is not over, or the shell ended before it
	// reported its $?.
	ExitCode   *int
	ShellEnded bool // the command has ended or replaced the shell
}

// ExecOptions are a program that runs in a session of its own.
type ExecOptions struct {
	Argv      []string // the program and its arguments; or
	Command   string   // a command line for sh
	Cwd       string   // absolute; empty: the home directory
	Env       map[string]string
	Stdin     *string // the program's standard input; nil: the session's terminal
	Timeout   time.Duration
	MaxOutput int
}

// Words are the program and its arguments.
func (o ExecOptions) Words() []string {
	if o.Command != "" {
		return []string{"/bin/sh", "-c", o.Command}
	}
	return o.Argv
}

// Check fails with an *InvalidError.
func (o ExecOptions) Check() error {
	var bad InvalidError
	switch {
	case len(o.Argv) > 0 && o.Command != "":
		bad.Complain("argv", "give only one of argv and command")
	case len(o.Argv) == 0 && o.Command == "", len(o.Argv) > 0 && o.Argv[0] == "":
		bad.Complain("argv", "give a program in argv, or a command")
	}
	if o.Stdin != nil && len(*o.Stdin) > MaxExecInput {
		bad.Complain("stdin", "must be at most 1 MiB")
	}
	if err := bad.OrNil(); err != nil {
		return err
	}
	words := strings.Join(o.Words(), " ")
	switch {
	case len(words) > MaxRunCommand:
		bad.Complain("command", "must be at most 1 MiB")
	case strings.Contains(words, "\x00"):
		bad.Complain("command", "must not contain NUL")
	}
	bad.checkRunBounds(o.Timeout, o.MaxOutput)
	return bad.OrNil()
}
