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
	var pane, format, start, end string
	var lines int
	var trim, join, styles, asJSON bool
	cmd := &cobra.Command{
		Use:   "capture SESSION",
		Short: "Print what a session's screen shows",
		Long: `Prints the screen, or with --lines, --start or --end lines of its history too, as
text or in another --format: ansi is text with the escape sequences of its
styles; json, html, svg and png are of the screen.`,
		Example: `  interplexer capture --trim build
  interplexer capture --format png build >build.png
  interplexer capture --lines 100 --join build
  interplexer capture --start - build >history.txt`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
	cmd.Flags().BoolVar(&trim, "trim", false, "leave blank lines at the end out")
	cmd.Flags().BoolVar(&join, "join", false, "join the lines that the terminal wrapped")
	cmd.Flags().StringVar(&format, "format", "", "text, ansi, json, html, svg or png (default text)")
	cmd.Flags().BoolVar(&styles, "styles", false, "with --format json: tell the styles")
	cmd.Flags().IntVar(&lines, "lines", 0, "`number` of the last lines of history and screen to print")
	cmd.Flags().StringVar(&start, "start", "", "first `line`: 0 is the first of the screen, -1 the newest of the history,\n- the oldest")
	cmd.Flags().StringVar(&end, "end", "", "last `line` (default the last of the screen)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print text as JSON, with its ETag")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		var params client.GetCaptureParams
		for text, field := range map[*string]**string{&pane: &params.Pane, &start: &params.Start, &end: &params.End} {
			if *text != "" {
				*field = text
			}
		}
		for value, field := range map[*bool]**bool{&trim: &params.Trim, &join: &params.Join, &styles: &params.Styles} {
			if *value {
				*field = value
			}
		}
		if format != "" {
			params.Format = new(client.CaptureFormat(format))
		}
		if cmd.Flags().Changed("lines") {
			params.Lines = &lines
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
