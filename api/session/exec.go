package session

import (
	"context"
	"strings"
	"time"
)

// MaxExecInput bounds what a program is given to read, in bytes.
const MaxExecInput = 1 << 20

// ExecOptions are a program to be run in a session of its own.
type ExecOptions struct {
	Argv      []string // the program and its arguments, or
	Command   string   // what sh is given
	Cwd       string   // absolute; empty: the home directory
	Env       map[string]string
	Stdin     *string // what it reads; nil: the session's terminal
	Timeout   time.Duration
	MaxOutput int
}

// Exec runs a program in a fresh session of the caller's, which ends with it. It
// fails as Create and RunCommand do. One that is not over in time, or whose caller
// leaves, goes on, and its session with it.
func (r *Registry) Exec(ctx context.Context, p Principal, o ExecOptions) (RunResult, error) {
	run := RunOptions{Command: o.command(), Timeout: o.Timeout, MaxOutput: o.MaxOutput, stdin: o.Stdin}
	if err := o.check(run); err != nil {
		return RunResult{}, err
	}
	late, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, startTime)
	defer stop()
	made, err := r.Create(ctx, p, CreateOptions{Command: []string{"/bin/sh"}, Cwd: o.Cwd, Env: o.Env})
	if err != nil {
		return RunResult{}, err
	}
	end := func() {
		// The result is remembered; should this fail, the session can be seen and
		// ended by its owner.
		ctx, cancel := context.WithTimeout(context.Background(), createTimeout)
		defer cancel()
		if err := r.End(ctx, p, made.ID); err != nil {
			r.log.Warn("the session of a program that has ended goes on", "session", made.ID, "error", err)
		}
	}
	run.after = end
	x, err := r.startRun(ctx, p, made.ID, run)
	if err != nil {
		end()
		return RunResult{}, err
	}
	return x.await(late)
}

// command is the program in sh's language.
func (o ExecOptions) command() string {
	words := o.Argv
	if o.Command != "" {
		words = []string{"/bin/sh", "-c", o.Command}
	}
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = quoted(w)
	}
	return strings.Join(parts, " ")
}

func (o ExecOptions) check(run RunOptions) error {
	var bad InvalidError
	fail := func(field, detail string) {
		bad.Fields = append(bad.Fields, FieldError{Field: field, Detail: detail})
	}
	switch {
	case len(o.Argv) > 0 && o.Command != "":
		fail("argv", "give only one of argv and command")
	case len(o.Argv) == 0 && o.Command == "", len(o.Argv) > 0 && o.Argv[0] == "":
		fail("argv", "give a program in argv, or a command")
	}
	if o.Stdin != nil && len(*o.Stdin) > MaxExecInput {
		fail("stdin", "must be at most 1 MiB")
	}
	if len(bad.Fields) > 0 {
		return &bad
	}
	return run.check()
}
