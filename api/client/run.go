package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
)

// runWait is how long one request waits for a run, in seconds; then it is asked
// again.
const runWait = 50

// Run runs a command in the session's shell and waits until it is over, or until
// ctx is, after which it runs on; with in.Timeout, in seconds, it waits that long
// and fails with an *Error of the kind run-timeout. A key is as for Create.
func (s *Service) Run(ctx context.Context, id int64, in RunInput, key string) (Ran, error) {
	var params RunCommandParams
	if key != "" {
		params.IdempotencyKey = &key
	}
	once := in.Timeout != nil
	if !once {
		in.Timeout = new(s.runWait)
	}
	r, err := s.RunCommandWithResponse(ctx, id, &params, in)
	if err != nil {
		return Ran{}, fmt.Errorf("client: run: %w", err)
	}
	ran, err := result(r.JSON200, r.HTTPResponse, r.Body)
	if once {
		return ran, err
	}
	return s.finish(ctx, ran, err)
}

// Exec runs a program in a session of its own, which ends with it; else it is as
// Run.
func (s *Service) Exec(ctx context.Context, in ExecInput, key string) (Ran, error) {
	var params ExecParams
	if key != "" {
		params.IdempotencyKey = &key
	}
	once := in.Timeout != nil
	if !once {
		in.Timeout = new(s.runWait)
	}
	r, err := s.ExecWithResponse(ctx, &params, in)
	if err != nil {
		return Ran{}, fmt.Errorf("client: exec: %w", err)
	}
	ran, err := result(r.JSON200, r.HTTPResponse, r.Body)
	if once {
		return ran, err
	}
	return s.finish(ctx, ran, err)
}

// finish asks again for a run whose answer is that it is not over.
func (s *Service) finish(ctx context.Context, ran Ran, err error) (Ran, error) {
	for {
		id, run, unfinished := nextOfRun(err)
		if !unfinished {
			return ran, err
		}
		r, callErr := s.AwaitRunWithResponse(ctx, id, &AwaitRunParams{Run: run, Timeout: new(s.runWait)})
		if callErr != nil {
			return Ran{}, fmt.Errorf("client: run: %w", callErr)
		}
		ran, err = result(r.JSON200, r.HTTPResponse, r.Body)
	}
}

// nextOfRun is where the run that err says is not over can be waited for.
func nextOfRun(err error) (session int64, run string, unfinished bool) {
	var answer *Error
	if !errors.As(err, &answer) || answer.Kind() != "run-timeout" || answer.Problem.Next == nil {
		return 0, "", false
	}
	next, err := url.Parse(*answer.Problem.Next)
	if err != nil {
		return 0, "", false
	}
	_, err = fmt.Sscanf(next.Path, "/api/sessions/%d/run", &session)
	return session, next.Query().Get("run"), err == nil
}

// Bytes are what the command wrote.
func (r Ran) Bytes() ([]byte, error) {
	if r.Encoding == nil {
		return []byte(r.Output), nil
	}
	return base64.StdEncoding.DecodeString(r.Output)
}

// Wait waits until a condition of w holds. When none does in time it fails with
// an *Error of the kind wait-timeout, which has the screen.
func (s *Service) Wait(ctx context.Context, id int64, w Wait) (Waited, error) {
	r, err := s.WaitWithResponse(ctx, id, w)
	if err != nil {
		return Waited{}, fmt.Errorf("client: wait: %w", err)
	}
	return result(r.JSON200, r.HTTPResponse, r.Body)
}
