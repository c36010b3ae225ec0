// Package client is the Go client of Interplexer's HTTP API.
//
// [New] makes a [Service], which has a method for each common task: Create, Get,
// List, Edit, End, Send, Capture, Watch, Wait, Run, Exec, and Attach, which returns
// a [Terminal]. An error of the service is an [*Error].
//
// Service embeds [ClientWithResponses], which oapi-codegen generates from
// openapi.yaml (scripts/generate) and which has a method for every operation. The
// command line in cmd/interplexer uses this package.
package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Screen is the text of a pane.
type Screen struct {
	Text string // the lines, each ended by a newline
	ETag string // identifies the text; "" for a capture with Start or End
}

// Service calls one service with one token. It is safe for concurrent use.
type Service struct {
	*ClientWithResponses
	base    *url.URL
	token   string
	http    *http.Client
	runWait float32 // seconds that one request waits for a run
}

// New makes a Service for an address, such as http://127.0.0.1:8420, and a token. It
// does not connect yet. A nil client means http.DefaultClient. A client with a
// Timeout ends the long requests of Watch, Wait, Run and Exec early.
func New(address, token string, client *http.Client) (*Service, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("client: %q is not an address such as http://127.0.0.1:8420", address)
	}
	if client == nil {
		client = http.DefaultClient
	}
	s := &Service{base: base, token: token, http: client, runWait: runWait}
	s.ClientWithResponses, err = NewClientWithResponses(strings.TrimSuffix(address, "/"), WithHTTPClient(client), WithRequestEditorFn(s.authorize))
	return s, err
}

// authorize adds the token to a request.
func (s *Service) authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+s.token)
	return nil
}

// Create creates a session. With an idempotency key, a retry with the same key
// creates no second session. An empty key means none.
func (s *Service) Create(ctx context.Context, n NewSession, key string) (Session, error) {
	r, err := s.CreateSessionWithResponse(ctx, &CreateSessionParams{IdempotencyKey: optional(key)}, n)
	if err != nil {
		return Session{}, fmt.Errorf("client: create: %w", err)
	}
	return decode(r.JSON201, r.HTTPResponse, r.Body)
}

// Get returns one session.
func (s *Service) Get(ctx context.Context, id int64) (Session, error) {
	r, err := s.GetSessionWithResponse(ctx, id, &GetSessionParams{})
	if err != nil {
		return Session{}, fmt.Errorf("client: get: %w", err)
	}
	return decode(r.JSON200, r.HTTPResponse, r.Body)
}

// List iterates over the sessions that params select. With a limit in params it
// requests page after page. It ends after the first error.
func (s *Service) List(ctx context.Context, params ListSessionsParams) iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) {
		for {
			r, err := s.ListSessionsWithResponse(ctx, &params)
			if err != nil {
				yield(Session{}, fmt.Errorf("client: list: %w", err))
				return
			}
			list, err := decode(r.JSON200, r.HTTPResponse, r.Body)
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

// nextAfter returns the parameter after of the link to the next page (RFC 8288),
// and nil when there is none.
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

// Edit changes a session and returns it as it is then.
func (s *Service) Edit(ctx context.Context, id int64, e SessionEdit) (Session, error) {
	r, err := s.EditSessionWithResponse(ctx, id, e)
	if err != nil {
		return Session{}, fmt.Errorf("client: edit: %w", err)
	}
	return decode(r.JSON200, r.HTTPResponse, r.Body)
}

// End ends a session and deletes its record.
func (s *Service) End(ctx context.Context, id int64) error {
	r, err := s.EndSessionWithResponse(ctx, id)
	if err != nil {
		return fmt.Errorf("client: end: %w", err)
	}
	return problemOf(r.HTTPResponse, r.Body)
}

// Send types into a session. TypedLine and PressedKeys make common inputs.
func (s *Service) Send(ctx context.Context, id int64, in Input) error {
	r, err := s.SendKeysWithResponse(ctx, id, in)
	if err != nil {
		return fmt.Errorf("client: send: %w", err)
	}
	return problemOf(r.HTTPResponse, r.Body)
}

// TypedLine returns the input that types text and then presses Enter.
func TypedLine(text string) Input {
	var keys Input_Keys
	_ = keys.FromInputKeys0(text) // cannot fail for a string
	return Input{Keys: &keys}
}

// PressedKeys returns the input that presses keys by tmux's names, such as C-m and
// Up. Text that is no name of a key is typed.
func PressedKeys(names ...string) Input {
	var keys Input_Keys
	_ = keys.FromInputKeys1(append([]string{}, names...))
	return Input{Keys: &keys}
}

// Capture returns the screen of a session's pane, or with params.Start or End lines
// of its scrollback.
func (s *Service) Capture(ctx context.Context, id int64, params GetCaptureParams) (Screen, error) {
	r, err := s.GetCaptureWithResponse(ctx, id, &params)
	if err != nil {
		return Screen{}, fmt.Errorf("client: capture: %w", err)
	}
	if err := problemOf(r.HTTPResponse, r.Body); err != nil {
		return Screen{}, err
	}
	return Screen{Text: string(r.Body), ETag: r.HTTPResponse.Header.Get("ETag")}, nil
}

// optional returns a pointer to text, and nil when it is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
