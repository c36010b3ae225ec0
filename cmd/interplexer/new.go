package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplexer/api/client"
)

func newNew(s *settings) *cobra.Command {
	var o newOptions
	cmd := &cobra.Command{
		Use:   "new [flags] [COMMAND [ARGUMENT…]]",
		Short: "Create a session and print its id",
		Long: `Creates a session and prints its id. The session runs the command, without a
shell in between, or else your login shell. Flags come before the command.`,
		Example: `  interplexer new
  interplexer new --name build --cwd /srv/app --env CI=1 make -j4
  interplexer new --keep-after-exit make test
  interplexer new --label team=web sh -c 'while sleep 1; do date; done'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := o.input(args)
			if err != nil {
				return err
			}
			service, err := s.newClient()
			if err != nil {
				return err
			}
			session, err := service.Create(cmd.Context(), in, o.key)
			switch {
			case err != nil:
				return err
			case o.asJSON:
				return writeJSON(cmd.OutOrStdout(), session)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), session.ID)
			return err
		},
	}
	cmd.Flags().SetInterspersed(false) // the command has flags of its own
	o.addFlags(cmd.Flags())
	s.addFlags(cmd, (*settings).clientFlags)
	return cmd
}

// newOptions holds the flags of new.
type newOptions struct {
	programOptions
	name, key     string
	labels        []string
	width, height int
	keep, asJSON  bool
}

func (o *newOptions) addFlags(f *pflag.FlagSet) {
	o.programOptions.addFlags(f)
	f.StringVar(&o.name, "name", "", "`name`; no other live session of yours may have it")
	f.StringArrayVar(&o.labels, "label", nil, "`NAME=VALUE` to find the session by; may be repeated")
	f.IntVar(&o.width, "width", 80, "width of the terminal in `cells`")
	f.IntVar(&o.height, "height", 24, "height of the terminal in `cells`")
	f.BoolVar(&o.keep, "keep-after-exit", false, "keep the screen and the exit status after the command has ended")
	f.StringVar(&o.key, "key", "", "`text`, new for each session: a retry with the same key does not create\na second one")
	f.BoolVar(&o.asJSON, "json", false, "print the session as JSON")
}

// input returns the body of the request.
func (o *newOptions) input(command []string) (client.NewSession, error) {
	in := client.NewSession{
		Name: optional(o.name), Cwd: optional(o.cwd),
		Width: &o.width, Height: &o.height, KeepAfterExit: &o.keep,
	}
	if len(command) > 0 {
		in.Command = &command
	}
	env, err := parsePairs("env", o.env)
	if err != nil {
		return in, err
	}
	labels, err := parsePairs("label", o.labels)
	in.Env, in.Labels = &env, &labels
	return in, err
}

// programOptions holds the flags that new and exec share: how to start a program.
type programOptions struct {
	cwd string
	env []string
}

func (o *programOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.cwd, "cwd", "", "`folder` to start in (default your home)")
	f.StringArrayVar(&o.env, "env", nil, "`NAME=VALUE` to add to the environment; may be repeated")
}

// parsePairs parses the values of a flag as NAME=VALUE.
func parsePairs(flag string, values []string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, text := range values {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usagef("--%s is %q: it must be NAME=VALUE", flag, text)
		}
		pairs[name] = value
	}
	return pairs, nil
}
