package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newLs(s *settings) *cobra.Command {
	var status, labels []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List your sessions",
		Example: `  interplexer ls
  interplexer ls --status running --label team=web --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			service, err := s.newClient()
			if err != nil {
				return err
			}
			sessions := []client.Session{} // empty is [], not null
			for session, err := range service.List(cmd.Context(), listParams(status, labels)) {
				if err != nil {
					return err
				}
				sessions = append(sessions, session)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), sessions)
			}
			return writeTable(cmd.OutOrStdout(), sessionTable(sessions))
		},
	}
	cmd.Flags().StringSliceVar(&status, "status", nil, "list sessions with this `status`: starting, running, exited or lost; when\nrepeated, with any of them")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "list sessions with the label `NAME=VALUE`; when repeated, with all of them")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	s.addFlags(cmd, (*settings).clientFlags)
	return cmd
}

// listParams returns the parameters of the request. It leaves out empty lists,
// which the service rejects.
func listParams(status, labels []string) (params client.ListSessionsParams) {
	if len(labels) > 0 {
		params.Label = &labels
	}
	var statuses []client.SessionStatus
	for _, text := range status {
		statuses = append(statuses, client.SessionStatus(text))
	}
	if len(statuses) > 0 {
		params.Status = &statuses
	}
	return params
}

func sessionTable(sessions []client.Session) [][]string {
	rows := [][]string{{"ID", "NAME", "STATUS", "SIZE", "CREATED", "LABELS", "COMMAND"}}
	for _, session := range sessions {
		rows = append(rows, []string{
			strconv.FormatInt(session.ID, 10), session.Name, string(session.Status),
			fmt.Sprintf("%dx%d", session.Width, session.Height),
			timeCell(&session.CreateTime, ""), labelsCell(session.Labels), commandCell(session.Command),
		})
	}
	return rows
}
