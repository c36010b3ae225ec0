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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		one, err := service.Get(ctx, id)
		switch {
		case err != nil:
			return err
		case asJSON:
			return writeJSON(cmd.OutOrStdout(), one)
		}
		return writeTable(cmd.OutOrStdout(), shownTable(one))
	})
}

func shownTable(one client.Session) [][]string {
	rows := [][]string{
		{"id", strconv.FormatInt(one.ID, 10)},
		{"name", one.Name},
		{"status", string(one.Status)},
		{"size", fmt.Sprintf("%dx%d", one.Width, one.Height)},
		{"created", timeCell(&one.CreateTime, "")},
		{"modified", timeCell(&one.ModifyTime, "")},
		{"labels", labelsCell(one.Labels)},
		{"folder", one.Cwd},
		{"command", commandCell(one.Command)},
	}
	for _, pane := range one.Panes {
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
