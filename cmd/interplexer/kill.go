package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newKill(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kill SESSION…",
		Short: "End sessions and delete them",
		Args:  cobra.MinimumNArgs(1),
	}
	// onSession finds the first session; the others are found here.
	s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, others []string) error {
		errs := []error{service.End(ctx, id)}
		for _, arg := range others {
			other, err := findSession(ctx, service, arg)
			if err == nil {
				err = service.End(ctx, other)
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", arg, err)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	cmd.ValidArgsFunction = func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return s.completeSessions(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}
