package api

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for _, e := range []struct {
		err    error
		status int
		kind   string
	}{
		{session.ErrNotFound, 404, "not-found"},
		{session.ErrUnauthenticated, 401, "unauthenticated"},
		{session.ErrNameTaken, 409, "name-taken"},
		{session.ErrQuota, 409, "quota"},
		{session.ErrEnded, 409, "ended"},
		{session.ErrNotRunning, 409, "not-running"},
		{session.ErrPaneDead, 409, "pane-dead"},
		{session.ErrUnavailable, 503, "unavailable"},
		{session.ErrUnknownOutcome, 503, "unknown-outcome"},
		{errors.Join(session.ErrUnavailable, session.ErrUnknownOutcome), 503, "unknown-outcome"},
		{session.ErrOverloaded, 503, "overloaded"},
		{session.ErrNoResources, 503, "no-resources"},
		{context.DeadlineExceeded, 504, "timeout"},
		{context.Canceled, 500, "internal"}, // not by the client
		{&session.InvalidError{Fields: []session.FieldError{{Field: "cwd", Detail: "no such directory"}}}, 422, "invalid"},
		{errBoom, 500, "internal"},
	} {
		c.memory.fail = fmt.Errorf("session: send: %w", e.err)
		a := c.call("POST", "/api/sessions/1/send-keys", `{"text":"a"}`) // which may answer any of them
		p := c.problem(a, e.status)
		require.Equal(t, "urn:interplexer:problem:"+e.kind, p.Type)
		require.NotContains(t, a.body, "boom")
		require.NotContains(t, a.body, "session: send")
		if e.status == 503 {
			require.Equal(t, "1", a.header.Get("Retry-After"))
		}
		if e.status == 422 {
			require.Equal(t, []fieldErrorJSON{{"cwd", "no such directory"}}, p.Errors)
		}
		if e.status >= 500 {
			require.Regexp(t, `"request_id":"`+p.RequestID+`","error":"session: send: `, c.log.String())
		}
	}
}

func TestPanicIsAProblem(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.memory.do = func() { panic(errBoom) }
	a := c.call("GET", "/api/sessions", "")
	c.problem(a, 500)
	require.NotContains(t, a.body, "boom")
	require.Contains(t, c.log.String(), "boom: a secret of the inside")
	require.Contains(t, c.log.String(), "memory_test.go") // the stack
	c.memory.do = nil
	require.Equal(t, 200, c.call("GET", "/api/sessions", "").status)
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	var fail error
	c := start(t, func(o *Options) { o.Ready = func(context.Context) error { return fail } })
	require.JSONEq(t, `{"status":"ready"}`, c.as("").call("GET", "/readyz", "").body)
	fail = errBoom
	a := c.as("").call("GET", "/readyz", "")
	require.Equal(t, "urn:interplexer:problem:not-ready", c.problem(a, 503).Type)
	require.NotContains(t, a.body, "boom")
	require.Contains(t, c.log.String(), "boom")
	require.JSONEq(t, `{"status":"ok"}`, c.as("").call("GET", "/healthz", "").body)
}
