package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
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
	wait := float32(runWait)
	if !once {
		in.Timeout = &wait
	}
	r, err := s.RunCommandWithResponse(ctx, id, &params, in)
	if err != nil {
		return Ran{}, fmt.Errorf("client: run: %w", err)
	}
	ran, err := result(r.JSON200, r.HTTPResponse, r.Body)
	for !once {
		run := unfinished(err)
		if run == "" {
			break
		}
		again, callErr := s.AwaitRunWithResponse(ctx, id, &AwaitRunParams{Run: run, Timeout: &wait})
		if callErr != nil {
			return Ran{}, fmt.Errorf("client: run: %w", callErr)
		}
		ran, err = result(again.JSON200, again.HTTPResponse, again.Body)
	}
	return ran, err
}

// unfinished is the run that err says is not over; "" when it says something else.
func unfinished(err error) string {
	var answer *Error
	if errors.As(err, &answer) && answer.Kind() == "run-timeout" && answer.Problem.Run != nil {
		return *answer.Problem.Run
	}
	return ""
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
