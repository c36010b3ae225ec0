package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func TestSessionResource(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	require.Equal(t, "[]\n", c.call("GET", "/api/sessions/", "").body)
	a := c.call("POST", "/api/sessions/", `{"name":"build","command":["make","-j4"],"cwd":"/srv","env":{"A":"1"},"width":120,"height":40,"labels":{"team":"a"}}`)
	require.Equal(t, "/api/sessions/1", a.header.Get("Location"))
	want := `{"id":1,"user":"alice","create_time":"2026-01-02T02:04:05.000006Z","modify_time":"2026-01-02T02:04:05.000006Z",
		"name":"build","status":"running","width":120,"height":40,"labels":{"team":"a"},"command":["make","-j4"],"cwd":"/srv",
		"panes":[{"id":"%5","window":"@3","active":true,"width":80,"height":24,"pid":123,"dead":false}],"keep_after_exit":false}`
	require.JSONEq(t, want, a.body)
	require.JSONEq(t, want, c.call("GET", "/api/sessions/1", "").body)
	require.JSONEq(t, "["+want+"]", c.call("GET", "/api/sessions", "").body)
	require.Empty(t, cmp.Diff(session.CreateOptions{
		Name: "build", Command: []string{"make", "-j4"}, Cwd: "/srv", Env: map[string]string{"A": "1"}, Width: 120, Height: 40,
		Labels: map[string]string{"team": "a"},
	}, c.memory.created[0]))

	c.create(`{"name":null,"command":null,"cwd":null,"env":null,"width":null,"height":null,"labels":null}`)
	require.Empty(t, cmp.Diff(session.CreateOptions{}, c.memory.created[1]))
	c.memory.sessions[1].Panes = nil
	require.Contains(t, c.call("GET", "/api/sessions/2", "").body, `"labels":{},"command":[],"cwd":"","panes":[]`)
}

func TestIDsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.create("")
	want := c.problem(c.call("GET", "/api/sessions/2", ""), 404)
	for _, id := range []string{"01", "+1", "-1", "0", "1e0", "1.0", "0x1", "%31", "1%20", "%201", "1%2F", "१", "9223372036854775808", strings.Repeat("1", 400), "1;x"} {
		got := c.problem(c.call("GET", "/api/sessions/"+id, ""), 404)
		got.RequestID = want.RequestID
		require.Equal(t, want, got, id)
	}
	require.Equal(t, 200, c.call("GET", "/api/sessions/1", "").status)
}

func TestCapture(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	for _, e := range []struct {
		method, query, body string
		want                session.CaptureOptions
	}{
		{"GET", "", "", session.CaptureOptions{}},
		{"GET", "?pane=%255&trim=true", "", session.CaptureOptions{Pane: "%5", Trim: true}},
		{"GET", "?trim=false", "", session.CaptureOptions{}},
		{"POST", "", "", session.CaptureOptions{}},
		{"POST", "", `{"pane":"%5","trim":true}`, session.CaptureOptions{Pane: "%5", Trim: true}},
		{"POST", "", `{"pane":null,"trim":false}`, session.CaptureOptions{}},
		{"GET", "?format=text&join=false&escapes=false", "", session.CaptureOptions{}},
		{"GET", "?format=ansi", "", session.CaptureOptions{Escapes: true}},
		{"GET", "?escapes=true&join=true&lines=2000", "", session.CaptureOptions{Escapes: true, Join: true, Lines: 2000}},
		{"POST", "", `{"format":"ansi","join":true,"lines":1}`, session.CaptureOptions{Escapes: true, Join: true, Lines: 1}},
		{"POST", "", `{"format":null,"escapes":true,"join":null,"lines":null,"start":null}`, session.CaptureOptions{Escapes: true}},
	} {
		c.memory.captured = nil
		a := c.call(e.method, at+"/capture-pane"+e.query, e.body)
		require.Equal(t, 200, a.status, a.body)
		require.Equal(t, "$ echo é\né\n\n", a.body)
		require.Equal(t, "text/plain; charset=utf-8", a.header.Get("Content-Type"))
		require.Equal(t, map[string]string{"GET": "no-cache, private", "POST": "no-store"}[e.method], a.header.Get("Cache-Control"))
		require.Equal(t, []session.CaptureOptions{e.want}, c.memory.captured)
	}
	for query, field := range map[string]string{
		"?Pane=1": "Pane", "?trim=1": "trim", "?trim=": "trim", "?pane=": "pane", "?pane=%255&pane=%256": "pane", "?line=3": "line",
		"?lines=0": "lines", "?lines=": "lines", "?lines=%2B3": "lines", "?lines=03": "lines", "?lines=10000000": "lines", "?join=1": "join", "?escapes=": "escapes",
		"?format=": "format", "?format=ANSI": "format", "?lines=3&start=1": "lines", "?lines=2001&wait=1": "wait", "?wait=1&end=2": "wait",
	} {
		p := c.problem(c.call("GET", at+"/capture-pane"+query, ""), 422)
		require.Len(t, p.Errors, 1)
		require.Equal(t, field, p.Errors[0].Field)
	}
	c.problem(c.call("GET", at+"/capture-pane?pane=%5", ""), 400)
}
