package api

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// refusal is a way to be refused: by a bad request, or by an error of the domain.
type refusal struct {
	asked  func(*http.Request)
	domain error
}

// refusals are the ways that work with any route, by status.
var refusals = map[int]refusal{
	400: {asked: func(r *http.Request) { r.URL.RawQuery = "%zz" }},
	401: {asked: func(r *http.Request) { r.Header.Del("Authorization") }},
	403: {asked: with("Origin", "http://elsewhere.example")},
	404: {domain: session.ErrNotFound},
	408: {asked: func(r *http.Request) { r.Body, r.ContentLength = neverArriving{r.Context()}, 10 }},
	409: {domain: session.ErrNotRunning},
	410: {domain: &session.EndedError{Status: session.Exited}},
	413: {asked: func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", 2000))), 2000
	}},
	415: {asked: with("Content-Type", "text/plain")},
	421: {asked: func(r *http.Request) { r.Host = "elsewhere.example" }},
	422: {asked: func(r *http.Request) { r.URL.RawQuery = "nothing=1" }},
	429: {domain: session.ErrTooManyHeld},
	500: {domain: errBoom},
	503: {domain: session.ErrUnavailable},
	504: {domain: context.DeadlineExceeded},
}

// neverArriving is a body that is not sent before its request is over.
type neverArriving struct{ context.Context }

func (b neverArriving) Read([]byte) (int, error) {
	<-b.Done()
	return 0, b.Err()
}

func (neverArriving) Close() error { return nil }

// refusedOtherwise are the ways of single routes that need another one.
var refusedOtherwise = map[string]refusal{
	"GET /api/sessions/{id}/capture-pane 410": {func(r *http.Request) {
		r.URL.RawQuery = "wait=1"
		r.Header.Set("If-None-Match", `"x"`)
	}, &session.EndedError{Status: session.Exited}},
	"GET /api/sessions/{id}/run 408": {func(r *http.Request) { r.URL.RawQuery = "run=r1" }, &session.RunTimeoutError{}},
}

// accountsThatFail fail with an error, if it is set.
type accountsThatFail struct {
	*memory
	fail error
}

func (a *accountsThatFail) Authenticate(ctx context.Context, token string) (session.Principal, error) {
	if a.fail != nil {
		return session.Principal{}, a.fail
	}
	return a.memory.Authenticate(ctx, token)
}

// These statuses need a session that exists: see TestAttachEnds.
var refusedElsewhere = []string{"GET /api/sessions/{id}/attach 403", "GET /api/sessions/{id}/attach 426"}

// Every route answers with every error status that the specification has for it.
// client.check fails on a status that the specification does not have.
func TestEveryDocumentedRefusal(t *testing.T) {
	t.Parallel()
	accounts := &accountsThatFail{}
	c := start(t, func(o *Options) {
		accounts.memory = o.Registry.(*memory)
		o.Accounts, o.MaxBody = accounts, 1000
		o.Ready = func(context.Context) error { return accounts.memory.fail }
	}, func(s *http.Server) { s.ReadTimeout = 50 * time.Millisecond })
	c.create("")
	tried := 0
	for _, r := range c.server.routes() {
		method, path, _ := strings.Cut(described(r), " ")
		documented := c.spec.Paths.Value(path).GetOperation(method).Responses.Map()
		for _, spelled := range slices.Sorted(maps.Keys(documented)) {
			status, err := strconv.Atoi(spelled)
			require.NoError(t, err)
			name := described(r) + " " + spelled
			if status < 400 || slices.Contains(refusedElsewhere, name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				way, known := refusedOtherwise[name]
				if !known {
					way, known = refusals[status]
				}
				require.True(t, known)
				c := c.as(aliceToken)
				c.t = t
				if r.access == admin && status != 403 {
					c.token = rootToken
				}
				if c.memory.fail = way.domain; r.path == "/openapi.yaml" || r.access == admin {
					accounts.fail = way.domain
				}
				defer func() { c.memory.fail, accounts.fail = nil, nil }()
				bodies := attempts(t, r, "%5")
				at := strings.NewReplacer(":id", "1", ":window", "3", ":pane", "5").Replace(r.path)
				a := c.call(method, at, bodies[len(bodies)-1], func(r *http.Request) {
					*r = *r.WithContext(t.Context())
					if way.asked != nil {
						way.asked(r)
					}
				})
				require.Equal(t, status, a.status, a.body)
				require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
			})
			tried++
		}
	}
	require.Greater(t, tried, 300)
}
