package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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
			service, err := s.remote()
			if err != nil {
				return err
			}
			sessions := []client.Session{}
			for one, err := range service.List(cmd.Context(), chosen(status, labels)) {
				if err != nil {
					return err
				}
				sessions = append(sessions, one)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), sessions)
			}
			return writeTable(cmd.OutOrStdout(), sessionTable(sessions))
		},
	}
	cmd.Flags().StringSliceVar(&status, "status", nil, "only sessions of this `status`: starting, running, exited or lost; may be\nrepeated for any of them")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "only sessions with the label `NAME=VALUE`; may be repeated for all of them")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	s.addFlags(cmd, (*settings).remoteFlags)
	return cmd
}

// chosen leaves out what nothing is asked of: an empty list would be a bad value.
func chosen(status, labels []string) (params client.ListSessionsParams) {
	if len(labels) > 0 {
		params.Label = &labels
	}
	var wanted []client.SessionStatus
	for _, one := range status {
		wanted = append(wanted, client.SessionStatus(one))
	}
	if len(wanted) > 0 {
		params.Status = &wanted
	}
	return params
}

func sessionTable(sessions []client.Session) [][]string {
	rows := [][]string{{"ID", "NAME", "STATUS", "SIZE", "CREATED", "LABELS", "COMMAND"}}
	for _, one := range sessions {
		rows = append(rows, []string{
			strconv.FormatInt(one.ID, 10), one.Name, string(one.Status), fmt.Sprintf("%dx%d", one.Width, one.Height),
			timeCell(&one.CreateTime, ""), labelsCell(one.Labels), commandCell(one.Command),
		})
	}
	return rows
}

func labelsCell(labels client.Labels) string {
	var cells []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		cells = append(cells, name+"="+labels[name])
	}
	return strings.Join(cells, ",")
}

// commandCell is a command as one would type it, on one line and not too long.
func commandCell(command []string) string {
	const most = 60
	var words []string
	for _, word := range command {
		if !plainWord.MatchString(word) {
			word = strconv.Quote(word)
		}
		words = append(words, word)
	}
	text := []rune(strings.Join(words, " "))
	if len(text) > most {
		return string(text[:most-1]) + "…"
	}
	return string(text)
}
