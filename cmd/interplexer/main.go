// Command interplexer serves tmux sessions over HTTP to many users, and manages
// the users and tokens of that service.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes besides 0.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitNotFound    = 3 // there is no such session
	exitUnavailable = 4 // the service cannot be reached, is busy or failed
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program. It prints at most one line about an error.
func run(args []string, stdout, stderr io.Writer) int {
	root, started := newRoot(os.Environ())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(context.Background())
	if err == nil {
		return 0
	}
	var usage usageError
	if *started && !errors.As(err, &usage) {
		if !errors.Is(err, errSaidAlready) {
			fmt.Fprintf(stderr, "interplexer: %s\n", oneLine(err))
		}
		return exitCode(err)
	}
	fmt.Fprintf(stderr, "interplexer: %s (see '%s --help')\n", oneLine(err), cmd.CommandPath())
	return exitUsage
}

// usageError is a mistake in the command line or the settings, found before
// anything was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

const rootHelp = `Interplexer is tmux as a service: it keeps tmux sessions for many users and
lets them be listed, read and typed into over HTTP.

Start it; the first start makes an administrator and says how to call it:

  interplexer serve

Give somebody else access:

  interplexer user add alice
  interplexer token create --user alice

Work with your sessions; a SESSION is an id, or the name of a live one:

  interplexer new --name build make -j4
  interplexer ls
  interplexer send build 'echo hello'
  interplexer capture --trim build
  interplexer run build 'make test'
  interplexer exec make test
  interplexer attach build

They end with status 1 when something failed, 2 when they were called wrongly,
3 when there is no such session, 4 when the service cannot be reached or is busy,
124 when the time of a run or a wait is up; run and exec end with the command's.

Every setting is a flag and an environment variable alike: --data-dir is
INTERPLEXER_DATA_DIR. A flag wins over its variable; an empty variable counts
as unset.`

// newRoot builds the command tree. *started becomes true when a command begins
// its work: an error before that is about how it was called.
func newRoot(environ []string) (root *cobra.Command, started *bool) {
	s, envErr := settingsFromEnvironment(environ)
	root = newGroup("interplexer", "tmux as a service", newServe(s), newUser(s), newToken(s), newVersion(),
		newNew(s), newLs(s), newShow(s), newSend(s), newCapture(s), newWatch(s),
		newRun(s), newExec(s), newWait(s), newAttach(s), newKill(s))
	root.Long = rootHelp
	root.SilenceErrors, root.SilenceUsage = true, true // run prints the error, once
	root.CompletionOptions.HiddenDefaultCmd = true

	started = new(bool)
	begin(root, func(cmd *cobra.Command) error {
		if envErr != nil && cmd.Name() != "version" {
			return usageError{envErr}
		}
		*started = true
		return nil
	})
	return root, started
}

// begin makes every command that does something call first before it.
func begin(cmd *cobra.Command, first func(*cobra.Command) error) {
	if work := cmd.RunE; !cmd.HasSubCommands() && work != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := first(cmd); err != nil {
				return err
			}
			return work(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		begin(sub, first)
	}
}

// newGroup is a command that only holds others. Cobra by itself would answer
// an unknown one below the first level with the help and success.
func newGroup(name, short string, subs ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use:   name + " COMMAND",
		Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q for %q", args[0], cmd.CommandPath())
			}
			return cmd.Help()
		},
	}
	group.AddCommand(subs...)
	return group
}

// oneLine is the error's text without line breaks, which joined errors and
// database messages have.
func oneLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "; ")
}
