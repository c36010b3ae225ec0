// Package client calls a service of Interplexer. Service is what one would write
// by hand; below it is a client that oapi-codegen makes of openapi.yaml, with a
// method for every operation (scripts/generate).
package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Service is one service, called with one token. It is safe for concurrent use.
type Service struct {
	*ClientWithResponses
	base    *url.URL
	token   string
	http    *http.Client
	runWait float32
}

// New makes a Service of its address, such as http://127.0.0.1:8420, and a token.
// It calls nothing yet. A nil client is http.DefaultClient; one with a Timeout
// cuts Watch short.
func New(address, token string, client *http.Client) (*Service, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("client: %q is not an address such as http://127.0.0.1:8420", address)
	}
	if client == nil {
		client = http.DefaultClient
	}
	s := &Service{base: base, token: token, http: client, runWait: runWait}
	s.ClientWithResponses, err = NewClientWithResponses(strings.TrimSuffix(address, "/"), WithHTTPClient(client), WithRequestEditorFn(s.sign))
	return s, err
}

func (s *Service) sign(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+s.token)
	return nil
}

// Create makes a session. With a key, new for each and the same for a retry, a
// retry makes no second one; "" is none.
func (s *Service) Create(ctx context.Context, n NewSession, key string) (Session, error) {
	var params CreateSessionParams
	if key != "" {
		params.IdempotencyKey = &key
	}
	r, err := s.CreateSessionWithResponse(ctx, &params, n)
	if err != nil {
		return Session{}, fmt.Errorf("client: create: %w", err)
	}
	return result(r.JSON201, r.HTTPResponse, r.Body)
}

// Get returns one session.
func (s *Service) Get(ctx context.Context, id int64) (Session, error) {
	r, err := s.GetSessionWithResponse(ctx, id, &GetSessionParams{})
	if err != nil {
		return Session{}, fmt.Errorf("client: get: %w", err)
	}
	return result(r.JSON200, r.HTTPResponse, r.Body)
}

// List goes through the sessions that params choose, from page to page where
// they set a limit. It ends with the first error.
func (s *Service) List(ctx context.Context, params ListSessionsParams) iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) {
		for {
			r, err := s.ListSessionsWithResponse(ctx, &params)
			if err != nil {
				yield(Session{}, fmt.Errorf("client: list: %w", err))
				return
			}
			list, err := result(r.JSON200, r.HTTPResponse, r.Body)
			if err != nil {
				yield(Session{}, err)
				return
			}
			for _, one := range list {
				if !yield(one, nil) {
					return
				}
			}
			if params.After = nextAfter(r.HTTPResponse.Header); params.After == nil {
				return
			}
		}
	}
}

// nextAfter is where the link to the next page (RFC 8288) leads; nil: nowhere.
func nextAfter(h http.Header) *int64 {
	target, ok := strings.CutSuffix(strings.TrimPrefix(h.Get("Link"), "<"), `>; rel="next"`)
	next, err := url.Parse(target)
	if !ok || err != nil {
		return nil
	}
	after, err := strconv.ParseInt(next.Query().Get("after"), 10, 64)
	if err != nil {
		return nil
	}
	return &after
}

// Edit changes a session and returns it.
func (s *Service) Edit(ctx context.Context, id int64, e SessionEdit) (Session, error) {
	r, err := s.EditSessionWithResponse(ctx, id, e)
	if err != nil {
		return Session{}, fmt.Errorf("client: edit: %w", err)
	}
	return result(r.JSON200, r.HTTPResponse, r.Body)
}

// End ends a session and forgets it.
func (s *Service) End(ctx context.Context, id int64) error {
	r, err := s.EndSessionWithResponse(ctx, id)
	if err != nil {
		return fmt.Errorf("client: end: %w", err)
	}
	return failure(r.HTTPResponse, r.Body)
}

// Send types into a session.
func (s *Service) Send(ctx context.Context, id int64, in Input) error {
	r, err := s.SendKeysWithResponse(ctx, id, in)
	if err != nil {
		return fmt.Errorf("client: send: %w", err)
	}
	return failure(r.HTTPResponse, r.Body)
}

// TypedLine is the input that types text and then Enter.
func TypedLine(text string) Input {
	var keys Input_Keys
	_ = keys.FromInputKeys0(text) // a string has JSON
	return Input{Keys: &keys}
}

// PressedKeys is the input that presses keys by tmux's names, such as C-m and
// Up, and types what is none.
func PressedKeys(names ...string) Input {
	var keys Input_Keys
	_ = keys.FromInputKeys1(append([]string{}, names...))
	return Input{Keys: &keys}
}

// Screen is what a pane shows.
type Screen struct {
	Text string // its lines, each ended by a newline
	ETag string // names the text; "" with Start or End
}

// Capture returns what a session's pane shows, or with params.Start or End lines
// of its history.
func (s *Service) Capture(ctx context.Context, id int64, params GetCaptureParams) (Screen, error) {
	r, err := s.GetCaptureWithResponse(ctx, id, &params)
	if err != nil {
		return Screen{}, fmt.Errorf("client: capture: %w", err)
	}
	if err := failure(r.HTTPResponse, r.Body); err != nil {
		return Screen{}, err
	}
	return Screen{Text: string(r.Body), ETag: r.HTTPResponse.Header.Get("ETag")}, nil
}

// result is the value of an answer, or why there is none.
func result[T any](value *T, r *http.Response, body []byte) (T, error) {
	var none T
	if err := failure(r, body); err != nil {
		return none, err
	}
	if value == nil {
		return none, &Error{Problem: Problem{Status: r.StatusCode, Title: r.Status, Detail: "The answer is not Interplexer's."}}
	}
	return *value, nil
}

// failure is nil for a success.
func failure(r *http.Response, body []byte) error {
	if r.StatusCode < 400 {
		return nil
	}
	e := &Error{}
	if json.Unmarshal(body, &e.Problem) != nil || e.Problem.Status == 0 {
		e.Problem = Problem{Status: r.StatusCode, Title: r.Status, Detail: "The answer is not Interplexer's."}
	}
	return e
}
