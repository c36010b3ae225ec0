package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
)

// runWait is how many seconds one request waits for a run. After that, Run and Exec
// send another request.
const runWait = 50

// Run runs a command in the session's shell and blocks until it ends. If ctx ends
// first, the command runs on. With in.Timeout, in seconds, Run waits no longer than
// that and returns an *Error of the kind run-timeout. The key is that of Create.
func (s *Service) Run(ctx context.Context, id int64, in RunInput, key string) (Ran, error) {
	untilEnd := in.Timeout == nil
	if untilEnd {
		in.Timeout = new(s.runWait)
	}
	r, err := s.RunCommandWithResponse(ctx, id, &RunCommandParams{IdempotencyKey: optional(key)}, in)
	if err != nil {
		return Ran{}, fmt.Errorf("client: run: %w", err)
	}
	ran, err := decode(r.JSON200, r.HTTPResponse, r.Body)
	if untilEnd {
		return s.awaitEnd(ctx, ran, err)
	}
	return ran, err
}

// Exec runs a program in a session of its own, which ends with the program. In all
// else it is like Run.
func (s *Service) Exec(ctx context.Context, in ExecInput, key string) (Ran, error) {
	untilEnd := in.Timeout == nil
	if untilEnd {
		in.Timeout = new(s.runWait)
	}
	r, err := s.ExecWithResponse(ctx, &ExecParams{IdempotencyKey: optional(key)}, in)
	if err != nil {
		return Ran{}, fmt.Errorf("client: exec: %w", err)
	}
	ran, err := decode(r.JSON200, r.HTTPResponse, r.Body)
	if untilEnd {
		return s.awaitEnd(ctx, ran, err)
	}
	return ran, err
}

// awaitEnd sends further requests as long as err says that the run has not ended.
func (s *Service) awaitEnd(ctx context.Context, ran Ran, err error) (Ran, error) {
	for {
		id, run, running := unfinishedRun(err)
		if !running {
			return ran, err
		}
		r, callErr := s.AwaitRunWithResponse(ctx, id, &AwaitRunParams{Run: run, Timeout: new(s.runWait)})
		if callErr != nil {
			return Ran{}, fmt.Errorf("client: run: %w", callErr)
		}
		ran, err = decode(r.JSON200, r.HTTPResponse, r.Body)
	}
}

// unfinishedRun returns the session and the id of the run that err says has not
// ended yet. running is false for every other error.
func unfinishedRun(err error) (session int64, run string, running bool) {
	var e *Error
	if !errors.As(err, &e) || e.Kind() != "run-timeout" || e.Problem.Next == nil {
		return 0, "", false
	}
	next, err := url.Parse(*e.Problem.Next)
	if err != nil {
		return 0, "", false
	}
	_, err = fmt.Sscanf(next.Path, "/api/sessions/%d/run", &session)
	return session, next.Query().Get("run"), err == nil
}

// Bytes returns the output of the command, which need not be valid UTF-8.
func (r Ran) Bytes() ([]byte, error) {
	if r.Encoding == nil {
		return []byte(r.Output), nil
	}
	return base64.StdEncoding.DecodeString(r.Output)
}
