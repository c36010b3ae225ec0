package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

// screenJSON is a screen as --json prints it.
type screenJSON struct {
	Text string `json:"text"`
	ETag string `json:"etag,omitempty"`
}

func newCapture(s *settings) *cobra.Command {
	var pane, start, end string
	var trim, asJSON bool
	cmd := &cobra.Command{
		Use:   "capture SESSION",
		Short: "Print what a session's screen shows",
		Example: `  interplexer capture --trim build
  interplexer capture --start - build >history.txt`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
	cmd.Flags().BoolVar(&trim, "trim", false, "leave blank lines at the end out")
	cmd.Flags().StringVar(&start, "start", "", "first `line`: 0 is the first of the screen, -1 the newest of the history,\n- the oldest")
	cmd.Flags().StringVar(&end, "end", "", "last `line` (default the last of the screen)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		params := client.GetCaptureParams{Trim: &trim}
		for text, field := range map[*string]**string{&pane: &params.Pane, &start: &params.Start, &end: &params.End} {
			if *text != "" {
				*field = text
			}
		}
		screen, err := service.Capture(ctx, id, params)
		switch {
		case err != nil:
			return err
		case asJSON:
			return writeJSON(cmd.OutOrStdout(), screenJSON(screen))
		}
		_, err = io.WriteString(cmd.OutOrStdout(), screen.Text)
		return err
	})
}
