package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newShow(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show SESSION",
		Short: "Show a session and its panes",
		Args:  cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the session as JSON")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		session, err := service.Get(ctx, id)
		switch {
		case err != nil:
			return err
		case asJSON:
			return writeJSON(cmd.OutOrStdout(), session)
		}
		return writeTable(cmd.OutOrStdout(), detailTable(session))
	})
}

// detailTable has a row for each property of the session and for each pane.
func detailTable(session client.Session) [][]string {
	rows := [][]string{
		{"id", strconv.FormatInt(session.ID, 10)},
		{"name", session.Name},
		{"status", string(session.Status)},
		{"size", fmt.Sprintf("%dx%d", session.Width, session.Height)},
		{"created", timeCell(&session.CreateTime, "")},
		{"modified", timeCell(&session.ModifyTime, "")},
		{"labels", labelsCell(session.Labels)},
		{"folder", session.Cwd},
		{"command", commandCell(session.Command)},
	}
	for _, pane := range session.Panes {
		text := fmt.Sprintf("%s in window %s, %dx%d, process %d", pane.ID, pane.Window, pane.Width, pane.Height, pane.PID)
		if pane.Active {
			text += ", active"
		}
		if pane.Dead {
			text += ", dead"
		}
		rows = append(rows, []string{"pane", text})
	}
	return rows
}
