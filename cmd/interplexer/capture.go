package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplexer/api/client"
)

func newCapture(s *settings) *cobra.Command {
	var o captureOptions
	cmd := &cobra.Command{
		Use:   "capture SESSION",
		Short: "Print the screen of a session",
		Long: `Prints the screen. With --lines, --start or --end it prints lines of the history
as well. --format ansi is text with escape sequences for the styles; json, html,
svg and png show the screen only.`,
		Example: `  interplexer capture --trim build
  interplexer capture --format png build >build.png
  interplexer capture --lines 100 --join build
  interplexer capture --start - build >history.txt`,
		Args: cobra.ExactArgs(1),
	}
	o.addFlags(cmd.Flags())
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		screen, err := service.Capture(ctx, id, o.params(cmd.Flags().Changed("lines")))
		switch {
		case err != nil:
			return err
		case o.asJSON:
			return writeJSON(cmd.OutOrStdout(), screenJSON(screen))
		}
		_, err = io.WriteString(cmd.OutOrStdout(), screen.Text)
		return err
	})
}

// captureOptions holds the flags of capture.
type captureOptions struct {
	pane, format, start, end   string
	lines                      int
	trim, join, styles, asJSON bool
}

func (o *captureOptions) addFlags(f *pflag.FlagSet) {
	addPaneFlag(f, &o.pane)
	f.BoolVar(&o.trim, "trim", false, "leave out blank lines at the end")
	f.BoolVar(&o.join, "join", false, "join the lines that the terminal wrapped")
	f.StringVar(&o.format, "format", "", "text, ansi, json, html, svg or png (default text)")
	f.BoolVar(&o.styles, "styles", false, "with --format json: include the styles")
	f.IntVar(&o.lines, "lines", 0, "`number` of lines to print, the last ones of history and screen")
	f.StringVar(&o.start, "start", "", "first `line`: 0 is the first of the screen, -1 the newest of the history,\n- the oldest")
	f.StringVar(&o.end, "end", "", "last `line` (default the last of the screen)")
	f.BoolVar(&o.asJSON, "json", false, "print the text and its ETag as JSON")
}

// params returns the parameters of the request. withLines says that --lines was
// given: the service rejects a bad number, such as 0.
func (o *captureOptions) params(withLines bool) client.GetCaptureParams {
	params := client.GetCaptureParams{
		Pane:   optional(o.pane),
		Format: optional(client.CaptureFormat(o.format)),
		Start:  optional(o.start),
		End:    optional(o.end),
		Trim:   optional(o.trim),
		Join:   optional(o.join),
		Styles: optional(o.styles),
	}
	if withLines {
		params.Lines = &o.lines
	}
	return params
}

// screenJSON is a screen as --json prints it.
type screenJSON struct {
	Text string `json:"text"`
	ETag string `json:"etag,omitempty"`
}
