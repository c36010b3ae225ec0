// Command interplexer serves tmux sessions over HTTP to many users.
//
// One binary has three parts: the service (serve), the administration of its
// store (user, token), and the client that calls a service (all other commands
// but version). The package reads the command line and the environment and wires
// the other packages together; the work itself is done there.
//
// The main types:
//
//   - settings: every flag and INTERPLEXER_ variable. Each command is a function
//     newX(*settings) that returns a *cobra.Command.
//   - endpoint: the address and the TLS configuration that serve listens with.
//   - daemon: the parts of a running serve, and how they stop.
//   - attachment: the local terminal of attach, connected to a session.
//
// The files:
//
//	main.go        the command tree and the top-level help
//	exit.go        exit codes, and the errors that choose them
//	config.go      settings: variables, flags, defaults, checks; the logger
//	output.go      tables, JSON and shell quoting
//
//	serve.go       serve: starts everything, in order
//	listen.go      its address and TLS
//	daemon.go      its running parts and their shutdown
//	first_user.go  the first user and token, and the next step that serve prints
//	store.go       the data directory and the store
//	user.go        user add, user list
//	token.go       token create, token list, token revoke
//
//	client.go      the shared part of all commands that call a service
//	new.go, ls.go, show.go, kill.go      sessions
//	send.go, capture.go, watch.go        their input and their screens
//	run.go, exec.go, wait.go             commands and conditions
//	attach.go, tty.go                    a session in this terminal
//	version.go     version
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program and returns its exit code. It prints at most one line
// about an error.
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
		if !errors.Is(err, errSilent) {
			fmt.Fprintf(stderr, "interplexer: %s\n", oneLine(err))
		}
		return exitCode(err)
	}
	fmt.Fprintf(stderr, "interplexer: %s (see '%s --help')\n", oneLine(err), cmd.CommandPath())
	return exitUsage
}

const rootHelp = `Interplexer is tmux as a service: it keeps tmux sessions for many users, who
list them, read their screens and type into them over HTTP.

Start the service. The first start creates an administrator and prints how to
call it:

  interplexer serve

Give somebody else access:

  interplexer user add alice
  interplexer token create --user alice

Work with your sessions. SESSION is the id of one, or the name of a live one:

  interplexer new --name build make -j4
  interplexer ls
  interplexer send build 'echo hello'
  interplexer capture --trim build
  interplexer run build 'make test'
  interplexer exec make test
  interplexer attach build

The exit status is 1 after a failure, 2 for a mistake in the command line or the
settings, 3 when there is no such session, 4 when the service cannot be reached
or is busy, and 124 when the time of a run, an exec or a wait is up. Otherwise
run and exec exit with the status of the command that they ran.

Every setting is both a flag and an environment variable: --data-dir is
INTERPLEXER_DATA_DIR. A flag overrides its variable; an empty variable counts as
unset.`

// newRoot builds the command tree. *started becomes true when a command begins
// its work: an error before that is a mistake in the call.
func newRoot(environ []string) (root *cobra.Command, started *bool) {
	s, envErr := settingsFromEnvironment(environ)
	root = newGroup("interplexer", "tmux as a service", newServe(s), newUser(s), newToken(s), newVersion(),
		newNew(s), newLs(s), newShow(s), newSend(s), newCapture(s), newWatch(s),
		newRun(s), newExec(s), newWait(s), newAttach(s), newKill(s))
	root.Long = rootHelp
	root.SilenceErrors, root.SilenceUsage = true, true // run prints the error, once
	root.CompletionOptions.HiddenDefaultCmd = true

	started = new(bool)
	addPreRun(root, func(cmd *cobra.Command) error {
		if envErr != nil && cmd.Name() != "version" {
			return usageError{envErr}
		}
		*started = true
		return nil
	})
	return root, started
}

// addPreRun makes cmd and every command below it call preRun before its own work.
func addPreRun(cmd *cobra.Command, preRun func(*cobra.Command) error) {
	if runE := cmd.RunE; !cmd.HasSubCommands() && runE != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := preRun(cmd); err != nil {
				return err
			}
			return runE(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		addPreRun(sub, preRun)
	}
}

// newGroup returns a command that only holds others. Left to itself, Cobra prints
// the help and succeeds when a command below the first level is unknown.
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
