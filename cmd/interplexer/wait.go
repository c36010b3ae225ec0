package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newWait(s *settings) *cobra.Command {
	var text, send, pane string
	var quiet, timeout time.Duration
	var exit, asJSON bool
	cmd := &cobra.Command{
		Use:   "wait SESSION",
		Short: "Wait for a text, for quiet or for the end, and print the screen",
		Long: `Waits until any of the conditions holds and prints the screen then. What --send
types is typed after the waiting has begun, and its echo does not count. The
status is 124 when none holds in time.`,
		Example: `  interplexer wait --text '\$ $' build
  interplexer wait --send 'make test' --text '^(ok|FAIL)' --timeout 60s build
  interplexer wait --exit build`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&text, "text", "", "regular `expression` (RE2) that a line is to match")
	cmd.Flags().DurationVar(&quiet, "quiet", 0, "`time` for which nothing is to be written")
	cmd.Flags().BoolVar(&exit, "exit", false, "the end of the session or the pane's program")
	cmd.Flags().StringVar(&send, "send", "", "`text` to type first, then Enter")
	cmd.Flags().StringVar(&pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "`time` to wait (default the service's)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	cmd.MarkFlagsOneRequired("text", "quiet", "exit")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		w := client.Wait{Timeout: seconds(timeout)}
		for value, field := range map[*string]**string{&text: &w.Text, &pane: &w.Pane} {
			if *value != "" {
				*field = value
			}
		}
		if quiet > 0 {
			ms := int(quiet.Milliseconds())
			w.QuietMs = &ms
		}
		if exit {
			w.Exit = &exit
		}
		if cmd.Flags().Changed("send") {
			line := client.TypedLine(send)
			w.Send = &line
		}
		waited, err := service.Wait(ctx, id, w)
		switch {
		case err != nil:
			return timedOut(err)
		case asJSON:
			return writeJSON(cmd.OutOrStdout(), waited)
		}
		_, err = io.WriteString(cmd.OutOrStdout(), waited.Screen)
		return err
	})
}
