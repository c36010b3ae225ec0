package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newNew(s *settings) *cobra.Command {
	var o newOptions
	cmd := &cobra.Command{
		Use:   "new [flags] [COMMAND [ARGUMENT…]]",
		Short: "Create a session and print its id",
		Long: `Creates a session that runs the command, without a shell in between, or else
your login shell, and prints its id. Flags come before the command.`,
		Example: `  interplexer new
  interplexer new --name build --cwd /srv/app --env CI=1 make -j4
  interplexer new --keep-after-exit make test
  interplexer new --label team=web sh -c 'while sleep 1; do date; done'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := o.session(args)
			if err != nil {
				return err
			}
			service, err := s.remote()
			if err != nil {
				return err
			}
			made, err := service.Create(cmd.Context(), n, o.key)
			switch {
			case err != nil:
				return err
			case o.asJSON:
				return writeJSON(cmd.OutOrStdout(), made)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), made.ID)
			return err
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // the command has flags of its own
	f.StringVar(&o.name, "name", "", "`name` that no other live session of yours has")
	f.StringVar(&o.cwd, "cwd", "", "`folder` to start in (default your home)")
	f.StringArrayVar(&o.env, "env", nil, "`NAME=VALUE` to add to the environment; may be repeated")
	f.StringArrayVar(&o.labels, "label", nil, "`NAME=VALUE` to know the session by; may be repeated")
	f.IntVar(&o.width, "width", 80, "`cells`")
	f.IntVar(&o.height, "height", 24, "`cells`")
	f.BoolVar(&o.keep, "keep-after-exit", false, "keep the screen and the exit status when the command has ended")
	f.StringVar(&o.key, "key", "", "`text`, new for each session: with it a retry makes no second one")
	f.BoolVar(&o.asJSON, "json", false, "print the session as JSON")
	s.addFlags(cmd, (*settings).remoteFlags)
	return cmd
}

type newOptions struct {
	name, cwd, key string
	env, labels    []string
	width, height  int
	keep, asJSON   bool
}

func (o newOptions) session(command []string) (client.NewSession, error) {
	n := client.NewSession{Width: &o.width, Height: &o.height, KeepAfterExit: &o.keep}
	if o.name != "" {
		n.Name = &o.name
	}
	if o.cwd != "" {
		n.Cwd = &o.cwd
	}
	if len(command) > 0 {
		n.Command = &command
	}
	env, err := pairs("env", o.env)
	if err != nil {
		return n, err
	}
	n.Env = &env
	labels, err := pairs("label", o.labels)
	n.Labels = &labels
	return n, err
}

// pairs reads the values of a flag as NAME=VALUE.
func pairs(flag string, texts []string) (map[string]string, error) {
	all := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usagef("--%s is %q: it must be NAME=VALUE", flag, text)
		}
		all[name] = value
	}
	return all, nil
}
