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
		Long: `Prints the screen, and then each other one that it changes to, until the session
ends: over the last one on a terminal, else with a form feed after each, or with
--json a line of JSON for each.`,
		Example: "  interplexer watch build\n  interplexer watch --trim --json build | jq -r .text",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&o.Pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
	cmd.Flags().BoolVar(&o.Trim, "trim", false, "leave blank lines at the end out")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON for each screen")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		show := showPlain
		if asJSON {
			show = showJSON
		} else if f, ok := cmd.OutOrStdout().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			show = showOver
		}
		for screen, err := range service.Watch(ctx, id, o) {
			if err != nil {
				return unlessGone(err)
			}
			if err := show(cmd.OutOrStdout(), screen); err != nil {
				return err
			}
		}
		return nil
	})
}

// unlessGone: that the session ends is how a watch ends.
func unlessGone(err error) error {
	var answer *client.Error
	if errors.As(err, &answer) && answer.Kind() == "gone" {
		return nil
	}
	return err
}

func showPlain(w io.Writer, screen client.Screen) error {
	_, err := fmt.Fprintf(w, "%s\f\n", screen.Text)
	return err
}

// showOver clears what is below as well as what it writes over.
func showOver(w io.Writer, screen client.Screen) error {
	_, err := fmt.Fprintf(w, "\x1b[H\x1b[2J%s", screen.Text)
	return err
}

func showJSON(w io.Writer, screen client.Screen) error {
	return json.NewEncoder(w).Encode(screenJSON(screen))
}
