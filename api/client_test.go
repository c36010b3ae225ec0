package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"interplexer/api/deadline"
)

var loadSpec = sync.OnceValues(func() (*openapi3.T, error) {
	t, err := openapi3.NewLoader().LoadFromData(specification)
	if err == nil {
		err = t.Validate(context.Background())
	}
	return t, err
})

// client calls a Server over TCP and checks every response against openapi.yaml.
type client struct {
	t      *testing.T
	server *Server
	url    string
	spec   *openapi3.T
	routes routers.Router
	memory *memory
	log    *buffer
	token  string
}

// buffer is a log that can be read while it is being written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start serves a memory registry; tune may change the options.
func start(t *testing.T, tune func(*Options), limits ...func(*http.Server)) *client {
	t.Helper()
	m, log := &memory{}, &buffer{}
	o := Options{
		Registry: m, Runs: m, Waits: m, Keys: memoryKeys{m}, Accounts: m, Version: "1.2.3",
		Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if tune != nil {
		tune(&o)
	}
	c := startServer(t, o, limits...)
	c.memory, c.log, c.token = m, log, aliceToken
	return c
}

// startServer serves o; tune may change the server's own limits.
func startServer(t *testing.T, o Options, tune ...func(*http.Server)) *client {
	t.Helper()
	spec, err := loadSpec()
	require.NoError(t, err)
	routes, err := gorillamux.NewRouter(spec)
	require.NoError(t, err)
	s := New(o)
	listening := httptest.NewUnstartedServer(nil)
	listening.Config = s.HTTPServer("")
	for _, f := range tune {
		f(listening.Config)
	}
	listening.Listener = deadline.Listen(listening.Listener) // as the service has it
	listening.Start()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		listening.Close()
		s.stop()
		require.NoError(t, s.Drain(context.Background()))
	})
	return &client{t: t, server: s, url: listening.URL, spec: spec, routes: routes}
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (c *client) as(token string) *client {
	other := *c
	other.token = token
	return &other
}

// call sends JSON, unless change makes another request of it, and checks the response
// against the specification.
func (c *client) call(method, path, body string, change ...func(*http.Request)) answer {
	c.t.Helper()
	r, a := c.send(method, path, body, change...)
	c.check(r, body, a)
	return a
}

// send is call without the check, which takes longer than the request.
func (c *client) send(method, path, body string, change ...func(*http.Request)) (*http.Request, answer) {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, c.url+path, reader)
	require.NoError(c.t, err)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(r)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return r, answer{response.StatusCode, response.Header, string(got)}
}

// check checks a response against the specification, and the request if it was
// accepted.
func (c *client) check(sent *http.Request, body string, a answer) {
	c.t.Helper()
	if a.status != http.StatusNotModified { // which has no content to sniff
		require.Equal(c.t, "nosniff", a.header.Get("X-Content-Type-Options"))
	}
	require.Regexp(c.t, `^[A-Za-z0-9._-]{1,64}$`, a.header.Get("X-Request-Id"))
	if sent.Method == http.MethodHead {
		require.Empty(c.t, a.body)
		return
	}
	r := sent.Clone(context.Background())
	r.URL.Path = strings.TrimSuffix(r.URL.Path, "/") // the other spelling is described in words
	r.URL.RawPath = ""
	r.Body = io.NopCloser(strings.NewReader(body))
	route, parameters, err := c.routes.FindRoute(r)
	if err != nil {
		require.Contains(c.t, []int{404, 405, 421, 403}, a.status, "%s %s: %v", r.Method, r.URL, err)
		c.problem(a, a.status)
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if a.status < 300 {
		require.NoError(c.t, openapi3filter.ValidateRequest(context.Background(), input), "accepted, but not described: %s", body)
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.status, Header: a.header, Options: input.Options,
		Body: io.NopCloser(strings.NewReader(a.body)),
	})
	require.NoError(c.t, err, "%s %s %d: %s", r.Method, r.URL, a.status, a.body)
}

// problem checks a response against the schema of problems.
func (c *client) problem(a answer, status int) problemJSON {
	c.t.Helper()
	require.Equal(c.t, status, a.status, a.body)
	require.Equal(c.t, "application/problem+json", a.header.Get("Content-Type"))
	var value any
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &value))
	require.NoError(c.t, c.spec.Components.Schemas["Problem"].Value.VisitJSON(value))
	var p problemJSON
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &p))
	require.Equal(c.t, status, p.Status)
	require.Equal(c.t, a.header.Get("X-Request-Id"), p.RequestID)
	return p
}

// create creates a session and returns the path of its URL.
func (c *client) create(body string) string {
	c.t.Helper()
	a := c.call("POST", "/api/sessions", body)
	require.Equal(c.t, 201, a.status, a.body)
	return a.header.Get("Location")
}

var errBoom = errors.New("boom: a secret of the inside")
