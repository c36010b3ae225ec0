package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplexer/api/client"
)

func newRun(s *settings) *cobra.Command {
	var o runOptions
	var pane string
	cmd := &cobra.Command{
		Use:   "run SESSION COMMAND…",
		Short: "Run a command in a session's shell",
		Long: `Types the command into the shell of the session, waits until it ends, prints its
output and exits with its status. Several words are joined with spaces, and the
shell parses the line. With --timeout the status is 124 when the command has not
ended in time; it keeps running.`,
		Example: `  interplexer run build 'cd /srv/app && make test'
  interplexer run --timeout 10s --json build date`,
		Args: cobra.MinimumNArgs(2),
	}
	addPaneFlag(cmd.Flags(), &pane)
	o.addFlags(cmd.Flags())
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, words []string) error {
		in := client.RunInput{Command: strings.Join(words, " "), Pane: optional(pane), Timeout: seconds(o.timeout)}
		result, err := service.Run(ctx, id, in, o.key)
		return o.finish(cmd, result, err)
	})
}

// runOptions holds the flags that run and exec share.
type runOptions struct {
	timeout time.Duration
	key     string
	asJSON  bool
}

func (o *runOptions) addFlags(f *pflag.FlagSet) {
	f.DurationVar(&o.timeout, "timeout", 0, "`time` to wait, up to 60s (default until the command ends)")
	f.StringVar(&o.key, "key", "", "`text`, new for each run: a retry with the same key does not run the\ncommand again")
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON")
}

// finish prints the result of a command and returns its exit status as an error,
// or returns the error of the request.
func (o *runOptions) finish(cmd *cobra.Command, result client.Ran, err error) error {
	switch {
	case err != nil:
		return withTimeoutCode(err)
	case o.asJSON:
		err = writeJSON(cmd.OutOrStdout(), result)
	default:
		err = printOutput(cmd, result)
	}
	if err != nil {
		return err
	}
	return commandStatus(result)
}

func printOutput(cmd *cobra.Command, result client.Ran) error {
	out, err := result.Bytes()
	if err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(out); err != nil {
		return err
	}
	if result.Truncated {
		fmt.Fprintln(cmd.ErrOrStderr(), "interplexer: the output is truncated: there was more than is shown")
	}
	return nil
}

// commandStatus returns an error that ends the program with the status of the
// command and without a message; nil if that is 0.
func commandStatus(result client.Ran) error {
	switch {
	case result.ExitCode == nil:
		return errors.New("the shell ended without reporting the exit status of the command")
	case *result.ExitCode != 0:
		return exitError{*result.ExitCode, errSilent}
	}
	return nil
}
