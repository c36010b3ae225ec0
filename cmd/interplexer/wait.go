package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplexer/api/client"
)

func newWait(s *settings) *cobra.Command {
	var o waitOptions
	cmd := &cobra.Command{
		Use:   "wait SESSION",
		Short: "Wait for a text, for quiet or for the end, and print the screen",
		Long: `Waits until one of the conditions holds, then prints the screen. The text of
--send is typed after the wait has begun, and its echo does not count as a
match. The status is 124 when no condition holds in time.`,
		Example: `  interplexer wait --text '\$ $' build
  interplexer wait --send 'make test' --text '^(ok|FAIL)' --timeout 60s build
  interplexer wait --exit build`,
		Args: cobra.ExactArgs(1),
	}
	o.addFlags(cmd.Flags())
	cmd.MarkFlagsOneRequired("text", "quiet", "exit")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		result, err := service.Wait(ctx, id, o.input(cmd.Flags().Changed("send")))
		switch {
		case err != nil:
			return withTimeoutCode(err)
		case o.asJSON:
			return writeJSON(cmd.OutOrStdout(), result)
		}
		_, err = io.WriteString(cmd.OutOrStdout(), result.Screen)
		return err
	})
}

// waitOptions holds the flags of wait.
type waitOptions struct {
	text, send, pane string
	quiet, timeout   time.Duration
	exit, asJSON     bool
}

func (o *waitOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.text, "text", "", "wait until a line matches the regular `expression` (RE2)")
	f.DurationVar(&o.quiet, "quiet", 0, "wait until nothing has been written for this `time`")
	f.BoolVar(&o.exit, "exit", false, "wait until the session or the program of the pane ends")
	f.StringVar(&o.send, "send", "", "`text` to type first, followed by Enter")
	addPaneFlag(f, &o.pane)
	f.DurationVar(&o.timeout, "timeout", 0, "`time` to wait (default the service's)")
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON")
}

// input returns the body of the request. withSend says that --send was given: an
// empty text is typed as well, as an Enter.
func (o *waitOptions) input(withSend bool) client.Wait {
	in := client.Wait{
		Text: optional(o.text), Exit: optional(o.exit), Pane: optional(o.pane), Timeout: seconds(o.timeout),
	}
	if o.quiet > 0 {
		in.QuietMs = new(int(o.quiet.Milliseconds()))
	}
	if withSend {
		in.Send = new(client.TypedLine(o.send))
	}
	return in
}
