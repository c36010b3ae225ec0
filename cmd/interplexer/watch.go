package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"interplexer/api/client"
)

func newWatch(s *settings) *cobra.Command {
	var o client.WatchOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "watch SESSION",
		Short: "Print a session's screen whenever it changes",
		Long: `Prints the screen, and prints it again after each change, until the session
ends. On a terminal, each screen overwrites the one before it. Elsewhere, each
is followed by a form feed, or is a line of JSON with --json.`,
		Example: "  interplexer watch build\n  interplexer watch --trim --json build | jq -r .text",
		Args:    cobra.ExactArgs(1),
	}
	addPaneFlag(cmd.Flags(), &o.Pane)
	cmd.Flags().BoolVar(&o.Trim, "trim", false, "leave out blank lines at the end")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON for each screen")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		print := printWithFormFeed
		if asJSON {
			print = printJSONLine
		} else if f, ok := cmd.OutOrStdout().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			print = printOverLast
		}
		for screen, err := range service.Watch(ctx, id, o) {
			if err != nil {
				return ignoreGone(err)
			}
			if err := print(cmd.OutOrStdout(), screen); err != nil {
				return err
			}
		}
		return nil
	})
}

// ignoreGone returns nil for the end of the session, with which a watch ends.
func ignoreGone(err error) error {
	var refused *client.Error
	if errors.As(err, &refused) && refused.Kind() == "gone" {
		return nil
	}
	return err
}

func printWithFormFeed(w io.Writer, screen client.Screen) error {
	_, err := fmt.Fprintf(w, "%s\f\n", screen.Text)
	return err
}

// printOverLast clears the terminal and prints the screen at its top.
func printOverLast(w io.Writer, screen client.Screen) error {
	_, err := fmt.Fprintf(w, "\x1b[H\x1b[2J%s", screen.Text)
	return err
}

func printJSONLine(w io.Writer, screen client.Screen) error {
	return json.NewEncoder(w).Encode(screenJSON(screen))
}
