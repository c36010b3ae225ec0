package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

// exitTimeout is the status of a run or a wait whose time is up, as timeout(1)
// has it.
const exitTimeout = 124

func newRun(s *settings) *cobra.Command {
	var in client.RunInput
	var pane, key string
	var timeout time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run SESSION COMMAND…",
		Short: "Run a command in a session's shell",
		Long: `Types the command into the shell that the session shows, waits until it is over,
prints what it wrote and ends with its exit status. Several words are joined by
blanks, for the shell to read. With --timeout the status is 124 when it is not
over in time; the command runs on.`,
		Example: `  interplexer run build 'cd /srv/app && make test'
  interplexer run --timeout 10s --json build date`,
		Args: cobra.MinimumNArgs(2),
	}
	cmd.Flags().StringVar(&pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "`time` to wait, up to 60s (default until it is over)")
	cmd.Flags().StringVar(&key, "key", "", "`text`, new for each run: with it a retry runs nothing a second time")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, words []string) error {
		in.Command = strings.Join(words, " ")
		if pane != "" {
			in.Pane = &pane
		}
		in.Timeout = seconds(timeout)
		ran, err := service.Run(ctx, id, in, key)
		if err != nil {
			return timedOut(err)
		}
		return printRan(cmd, ran, asJSON)
	})
}

// printRan prints what a command wrote, or all that is known of it, and gives
// its exit status.
func printRan(cmd *cobra.Command, ran client.Ran, asJSON bool) error {
	var err error
	if asJSON {
		err = writeJSON(cmd.OutOrStdout(), ran)
	} else {
		err = printOutput(cmd, ran)
	}
	if err != nil {
		return err
	}
	return statusOf(ran)
}

func printOutput(cmd *cobra.Command, ran client.Ran) error {
	out, err := ran.Bytes()
	if err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(out); err != nil {
		return err
	}
	if ran.Truncated {
		fmt.Fprintln(cmd.ErrOrStderr(), "interplexer: there was more output than is shown")
	}
	return nil
}

// statusOf ends the program as the command ended, without a word of its own.
func statusOf(ran client.Ran) error {
	switch {
	case ran.ExitCode == nil:
		return errors.New("the shell ended without telling the command's status")
	case *ran.ExitCode != 0:
		return exitError{*ran.ExitCode, errSaidAlready}
	}
	return nil
}

// seconds is a time as the service takes it; nil: its default.
func seconds(t time.Duration) *float32 {
	if t == 0 {
		return nil
	}
	n := float32(t.Seconds())
	return &n
}

// timedOut gives an answer that the time is up an exit status of its own.
func timedOut(err error) error {
	var answer *client.Error
	if errors.As(err, &answer) && strings.HasSuffix(answer.Kind(), "-timeout") {
		return exitError{exitTimeout, err}
	}
	return err
}
