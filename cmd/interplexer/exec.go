package main

import (
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newExec(s *settings) *cobra.Command {
	var cwd, key string
	var env []string
	var timeout time.Duration
	var stdin, asJSON bool
	cmd := &cobra.Command{
		Use:   "exec [flags] COMMAND [ARGUMENT…]",
		Short: "Run a command in a session of its own",
		Long: `Runs the command in the terminal of a new session, without a shell in between,
waits until it is over, prints what it wrote and ends with its exit status, and
the session with it. Flags come before the command. With --timeout the status is
124 when it is not over in time; the command runs on.`,
		Example: `  interplexer exec --cwd /srv/app --env CI=1 make test
  interplexer exec sh -c 'tty; stty size'
  echo hello | interplexer exec --stdin wc -c`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, argv []string) error {
			in := client.ExecInput{Argv: &argv, Timeout: seconds(timeout)}
			if cwd != "" {
				in.Cwd = &cwd
			}
			environ, err := pairs("env", env)
			if err != nil {
				return err
			}
			in.Env = &environ
			service, err := s.remote()
			if err != nil {
				return err
			}
			if stdin {
				text, err := io.ReadAll(cmd.InOrStdin())
				if err != nil {
					return err
				}
				if !utf8.Valid(text) { // JSON has no other strings
					return errors.New("standard input is not UTF-8")
				}
				in.Stdin = new(string(text))
			}
			ran, err := service.Exec(cmd.Context(), in, key)
			if err != nil {
				return timedOut(err)
			}
			return printRan(cmd, ran, asJSON)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // the command has flags of its own
	f.StringVar(&cwd, "cwd", "", "`folder` to start in (default your home)")
	f.StringArrayVar(&env, "env", nil, "`NAME=VALUE` to add to the environment; may be repeated")
	f.BoolVar(&stdin, "stdin", false, "give the command what standard input has, up to 1 MiB of text")
	f.DurationVar(&timeout, "timeout", 0, "`time` to wait, up to 60s (default until it is over)")
	f.StringVar(&key, "key", "", "`text`, new for each run: with it a retry runs nothing a second time")
	f.BoolVar(&asJSON, "json", false, "print the answer as JSON")
	s.addFlags(cmd, (*settings).remoteFlags)
	return cmd
}
