package main

import (
	"errors"
	"io"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newExec(s *settings) *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec [flags] COMMAND [ARGUMENT…]",
		Short: "Run a command in a session of its own",
		Long: `Runs the command in the terminal of a new session, waits until it ends, prints
its output and exits with its status. The arguments reach the command unchanged:
nothing is typed, and no prompt is waited for. The session ends with the command.
Flags come before the command. With --timeout the status is 124 when the command
has not ended in time; it keeps running.`,
		Example: `  interplexer exec --cwd /srv/app --env CI=1 make test
  interplexer exec sh -c 'tty; stty size'
  echo hello | interplexer exec --stdin wc -c`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, argv []string) error {
			in, err := o.input(argv)
			if err != nil {
				return err
			}
			service, err := s.newClient()
			if err != nil {
				return err
			}
			if o.stdin {
				if in.Stdin, err = readText(cmd.InOrStdin()); err != nil {
					return err
				}
			}
			result, err := service.Exec(cmd.Context(), in, o.key)
			return o.finish(cmd, result, err)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // the command has flags of its own
	o.programOptions.addFlags(f)
	o.runOptions.addFlags(f)
	f.BoolVar(&o.stdin, "stdin", false, "pass standard input to the command, up to 1 MiB of text")
	s.addFlags(cmd, (*settings).clientFlags)
	return cmd
}

// execOptions holds the flags of exec.
type execOptions struct {
	programOptions
	runOptions
	stdin bool
}

// input returns the body of the request, without standard input.
func (o *execOptions) input(argv []string) (client.ExecInput, error) {
	env, err := parsePairs("env", o.env)
	return client.ExecInput{Argv: &argv, Cwd: optional(o.cwd), Env: &env, Timeout: seconds(o.timeout)}, err
}

// readText reads r to its end. The text must be UTF-8: JSON has no other strings.
func readText(r io.Reader) (*string, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, errors.New("standard input is not UTF-8")
	}
	return new(string(data)), nil
}
