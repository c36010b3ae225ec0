package api

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	for _, body := range []string{
		"{", "}", "nul", "null", "[]", `"x"`, "1", " ", `{"keys":"a"} x`, `{"keys":"a"}{}`, `{"keys":"a",}`, `{'keys':1}`, `{keys:1}`,
		`{"keys":"a","keys":"b"}`, `{"keys":"a","k\u0065ys":"b"}`, "\ufeff{}", "{\"text\":\"\xff\"}", "{\"\xff\":1}", "{\"text\":\"a\nb\"}",
		`{"text":"\ud8"}`, `{"text":"\x"}`, strings.Repeat("[", 20_000),
	} {
		p := c.problem(c.call("POST", at+"/send-keys", body), 400)
		require.Equal(t, "urn:interplexer:problem:malformed", p.Type, body)
		if strings.Contains(body, "\xff") {
			require.Contains(t, p.Detail, "hex")
		}
	}
	require.Empty(t, c.memory.sent)
	c.problem(c.call("POST", "/api/sessions", `{"env":{"A":"1","A":"2"}}`), 400)
}

func TestInvalidFields(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	for _, e := range []struct{ path, body, fields string }{
		{"/send-keys", ``, "keys"},
		{"/send-keys", `{}`, "keys"},
		{"/send-keys", `{"keys":null}`, "keys"},
		{"/send-keys", `{"keys":"a","text":"b"}`, "keys"},
		{"/send-keys", `{"keys":1}`, "keys"},
		{"/send-keys", `{"keys":{}}`, "keys"},
		{"/send-keys", `{"keys":["a",1]}`, "keys[1]"},
		{"/send-keys", `{"keys":["a",null]}`, "keys[1]"},
		{"/send-keys", `{"keys":["a"],"enter":true}`, "enter"},
		{"/send-keys", `{"text":"a","enter":false}`, "enter"},
		{"/send-keys", `{"keys":"a","enter":"no"}`, "enter"},
		{"/send-keys", `{"keys":"a","pane":5}`, "pane"},
		{"/send-keys", `{"keys":"a","pane":""}`, "pane"},
		{"/send-keys", `{"Text":"a","text":"b"}`, "Text"},
		{"/send-keys", `{"text":true,"zzz":1,"aaa":2}`, "aaa text zzz"},
		{"/send-keys", `{"text":"\ud800"}`, "text"},
		{"/send-keys", `{"text":"\udc00\ud800"}`, "text"},
		{"/send-keys", `{"text":"\\\ud800x"}`, "text"},
		{"/send-keys", `{"text":"\ud800\n"}`, "text"},
		{"/send-keys", `{"text":"\ud83d\ud83d\ude00"}`, "text"},
		{"/send-keys", `{"keys":["\uDFFF"]}`, "keys[0]"},
		{"/send-keys", `{"hex":"1"}`, "hex"},
		{"/send-keys", `{"hex":"1b 5b"}`, "hex"},
		{"/send-keys", `{"hex":"0x1b"}`, "hex"},
		{"/capture-pane", `{"trim":1}`, "trim"},
		{"/capture-pane", `{"line":1}`, "line"},
		{"/capture-pane?pane=%255", ``, "pane"},
		{"", `{"command":"ls"}`, "command"},
		{"", `{"command":[["ls"]]}`, "command[0]"},
		{"", `{"env":[]}`, "env"},
		{"", `{"env":{"A":1,"B":"2"}}`, "env.A"},
		{"", `{"width":0}`, "width"},
		{"", `{"width":-1,"height":1.5}`, "height width"},
		{"", `{"width":"80"}`, "width"},
		{"", `{"width":1e2}`, "width"},
		{"", `{"width":99999999999999999999}`, "width"},
		{"", `{"` + strings.Repeat("n", 100) + `":1}`, strings.Repeat("n", 64) + "…"},
	} {
		path := at + e.path
		if e.path == "" {
			path = "/api/sessions"
		}
		var fields []string
		for _, f := range c.problem(c.call("POST", path, e.body), 422).Errors {
			fields = append(fields, f.Field)
		}
		require.Equal(t, e.fields, strings.Join(fields, " "), e.body)
	}
	require.Empty(t, c.memory.sent)
	require.Len(t, c.memory.created, 1)
}

func TestInputs(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	text := func(s string) *string { return &s }
	for body, want := range map[string]session.Input{
		`{"keys":"echo hello"}`:                          {Line: text("echo hello")},
		`{"keys":"a","enter":true}`:                      {Line: text("a")},
		`{"keys":"","enter":false,"pane":"%5"}`:          {Line: text(""), NoEnter: true, Pane: "%5"},
		`{"keys":["a b","C-m"],"text":null,"pane":null}`: {Keys: []string{"a b", "C-m"}},

		`{"keys":[]}`: {Keys: []string{}},

		`{"text":"\ud83d\ude00\u0000\\ud800<é"}`: {Text: text("\U0001f600\x00\\ud800<é")},

		`{"text":""}`:        {Text: text("")},
		`{"hex":"1B5b00fF"}`: {Raw: []byte{0x1b, 0x5b, 0, 0xff}},
		`{"hex":""}`:         {Raw: []byte{}},
		` {"paste":"a\nb"} `: {Paste: text("a\nb")},
	} {
		c.memory.sent = nil
		a := c.call("POST", at+"/send-keys", body)
		require.Equal(t, 204, a.status, "%s: %s", body, a.body)
		require.Empty(t, cmp.Diff([]session.Input{want}, c.memory.sent), body)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for kind, status := range map[string]int{
		"application/json": 201, "Application/JSON; charset=UTF-8": 201,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415, "application/jsonx": 415,
	} {
		a := c.call("POST", "/api/sessions", "{}", func(r *http.Request) {
			r.Header["Content-Type"] = []string{kind}
			if kind == "" {
				delete(r.Header, "Content-Type")
			}
		})
		require.Equal(t, status, a.status, kind)
	}
	require.Equal(t, 201, c.call("POST", "/api/sessions", "", with("Content-Type", "text/plain")).status)
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	c := start(t, func(o *Options) { o.MaxBody = 100 })
	fits := `{"name":"` + strings.Repeat("n", 89) + `"}`
	require.Len(t, fits, 100)
	chunked := func(body string) func(*http.Request) {
		return func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1 }
	}
	require.Equal(t, 201, c.call("POST", "/api/sessions", fits).status)
	require.Equal(t, 201, c.call("POST", "/api/sessions", fits, chunked(fits)).status)
	c.problem(c.call("POST", "/api/sessions", fits+" "), 413)
	c.problem(c.call("POST", "/api/sessions", fits+" ", chunked(fits+" ")), 413)
	require.Len(t, c.memory.created, 2)
}
