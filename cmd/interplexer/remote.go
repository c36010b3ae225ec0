package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplexer/api/client"
)

// remoteFlags are the flags of every command that calls a service.
func (s *settings) remoteFlags(f *pflag.FlagSet) {
	f.StringVar(&s.URL, "url", s.URL, "`address` of the service")
	f.StringVar(&s.Token, "token", s.Token, "`text` of the token (default: a service on this machine is called with the\none that its first start wrote); others can see flags, rather set "+envPrefix+"TOKEN")
	f.StringVar(&s.DataDir, "data-dir", s.DataDir, "`folder` where that start wrote it\n(default $XDG_STATE_HOME/interplexer, else ~/.local/state/interplexer)")
}

// remote is the service that the settings name.
func (s *settings) remote() (*client.Service, error) {
	address, err := url.Parse(s.URL)
	if err != nil {
		return nil, usagef("--url is %q: it must be an address such as http://127.0.0.1:8420", s.URL)
	}
	token := s.Token
	if token == "" {
		if !isLocal(address.Hostname()) { // the first token is for this machine alone
			return nil, usagef("%sTOKEN is not set, and %s is another machine", envPrefix, address.Hostname())
		}
		path := filepath.Join(s.DataDir, tokenFile)
		var ok bool
		if token, ok = readToken(path); !ok {
			return nil, usagef("%sTOKEN is not set, and there is no token in %s", envPrefix, path)
		}
	}
	service, err := client.New(s.URL, token, nil)
	if err != nil {
		return nil, usagef("--url is %q: it must be an address such as http://127.0.0.1:8420", s.URL)
	}
	return service, nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// session finds the session that an argument names, by its id, or else the live
// one of that name.
func findSession(ctx context.Context, service *client.Service, arg string) (int64, error) {
	if id, err := strconv.ParseInt(arg, 10, 64); err == nil {
		return id, nil
	}
	live := []client.SessionStatus{client.SessionStatusStarting, client.SessionStatusRunning}
	fields := "id,name"
	for one, err := range service.List(ctx, client.ListSessionsParams{Status: &live, Fields: &fields}) {
		if err != nil {
			return 0, err
		}
		if one.Name == arg {
			return one.ID, nil
		}
	}
	return 0, exitError{exitNotFound, fmt.Errorf("there is no live session %q", arg)}
}

// onSession makes a command of what is done to the session that its first
// argument names; that is completed.
func (s *settings) onSession(cmd *cobra.Command, do func(ctx context.Context, service *client.Service, id int64, args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		service, err := s.remote()
		if err != nil {
			return err
		}
		id, err := findSession(cmd.Context(), service, args[0])
		if err != nil {
			return err
		}
		return do(cmd.Context(), service, id, args[1:])
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return s.completions(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
	}
	s.addFlags(cmd, (*settings).remoteFlags)
	return cmd
}

// completionTime is how long somebody who presses Tab is kept waiting.
const completionTime = 2 * time.Second

// completions are the ids of the caller's sessions, with their names; none when
// the service cannot be asked.
func (s *settings) completions(ctx context.Context) (ids []cobra.Completion) {
	service, err := s.remote()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	fields := "id,name,status"
	for one, err := range service.List(ctx, client.ListSessionsParams{Fields: &fields}) {
		if err != nil {
			return nil
		}
		ids = append(ids, cobra.CompletionWithDesc(strconv.FormatInt(one.ID, 10), fmt.Sprintf("%s, %s", one.Name, one.Status)))
	}
	return ids
}

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	error
}

func (e exitError) Unwrap() error { return e.error }

// errSaidAlready ends the program without a word.
var errSaidAlready = errors.New("said already")

// exitCode is what the program ends with for an error of a command's work.
func exitCode(err error) int {
	var exit exitError
	var answer *client.Error
	var network *url.Error
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &answer) && answer.Problem.Status == 404:
		return exitNotFound
	case errors.As(err, &answer) && (answer.Problem.Status == 429 || answer.Problem.Status >= 500), errors.As(err, &network), errors.Is(err, client.ErrStopping):
		return exitUnavailable
	}
	return exitFailure
}
