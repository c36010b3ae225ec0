package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"interplexer/api/client"
)

// completionTimeout bounds how long the shell waits for completions after Tab.
const completionTimeout = 2 * time.Second

// clientFlags defines the flags of every command that calls a service.
func (s *settings) clientFlags(f *pflag.FlagSet) {
	f.StringVar(&s.URL, "url", s.URL, "`address` of the service")
	f.StringVar(&s.Token, "token", s.Token, "`text` of the token (default: for a service on this machine, the token that\nits first start wrote); as others can see flags, set "+envPrefix+"TOKEN instead")
	f.StringVar(&s.DataDir, "data-dir", s.DataDir, "`folder` with the token of the first start\n(default $XDG_STATE_HOME/interplexer, else ~/.local/state/interplexer)")
}

// addPaneFlag adds the flag --pane.
func addPaneFlag(f *pflag.FlagSet, pane *string) {
	f.StringVar(pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
}

// newClient returns a client of the service that the settings name. It calls
// nothing yet.
func (s *settings) newClient() (*client.Service, error) {
	address, err := url.Parse(s.URL)
	if err != nil {
		return nil, s.badURL()
	}
	token := s.Token
	if token == "" {
		if token, err = s.localToken(address.Hostname()); err != nil {
			return nil, err
		}
	}
	service, err := client.New(s.URL, token, nil)
	if err != nil {
		return nil, s.badURL()
	}
	return service, nil
}

func (s *settings) badURL() error {
	return usagef("--url is %q: it must be an address such as http://127.0.0.1:8420", s.URL)
}

// localToken returns the token that the first start of a service on this machine
// wrote. It is for a loopback host only: no other machine may get it.
func (s *settings) localToken(host string) (string, error) {
	if !isLoopback(host) {
		return "", usagef("%sTOKEN is not set, and %s is another machine", envPrefix, host)
	}
	path := filepath.Join(s.DataDir, tokenFile)
	token, ok := readToken(path)
	if !ok {
		return "", usagef("%sTOKEN is not set, and there is no token in %s", envPrefix, path)
	}
	return token, nil
}

// onSession makes cmd find the session that its first argument names and call do
// with the id and the other arguments. The shell completes the first argument.
func (s *settings) onSession(cmd *cobra.Command, do func(ctx context.Context, service *client.Service, id int64, args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		service, err := s.newClient()
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
		return s.completeSessions(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
	}
	s.addFlags(cmd, (*settings).clientFlags)
	return cmd
}

// findSession returns the id of the session that arg names: arg itself if it is a
// number, else the id of the live session with that name.
func findSession(ctx context.Context, service *client.Service, arg string) (int64, error) {
	if id, err := strconv.ParseInt(arg, 10, 64); err == nil {
		return id, nil
	}
	live := []client.SessionStatus{client.SessionStatusStarting, client.SessionStatusRunning}
	fields := "id,name"
	for session, err := range service.List(ctx, client.ListSessionsParams{Status: &live, Fields: &fields}) {
		if err != nil {
			return 0, err
		}
		if session.Name == arg {
			return session.ID, nil
		}
	}
	return 0, exitError{exitNotFound, fmt.Errorf("there is no live session %q", arg)}
}

// completeSessions returns the ids of the caller's sessions, with their names. It
// returns none if the service cannot be asked in time.
func (s *settings) completeSessions(ctx context.Context) (ids []cobra.Completion) {
	service, err := s.newClient()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	fields := "id,name,status"
	for session, err := range service.List(ctx, client.ListSessionsParams{Fields: &fields}) {
		if err != nil {
			return nil
		}
		ids = append(ids, cobra.CompletionWithDesc(strconv.FormatInt(session.ID, 10), fmt.Sprintf("%s, %s", session.Name, session.Status)))
	}
	return ids
}

// optional returns a pointer to v, or nil for the zero value: the service then
// uses its default.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// seconds returns a timeout in the unit of the service, or nil for 0.
func seconds(timeout time.Duration) *float32 { return optional(float32(timeout.Seconds())) }
