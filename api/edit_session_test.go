package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestEditBodies(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	text := func(s string) *string { return &s }
	for body, want := range map[string]session.Edit{
		"": {}, "{}": {}, `{"name":null,"labels":null,"width":null,"height":null}`: {},

		`{"name":"","width":1,"height":10000}`: {Name: text(""), Width: 1, Height: 10_000},
		`{"labels":{"a":"é","b":null}}`:        {Labels: map[string]*string{"a": text("é"), "b": nil}},
	} {
		c.memory.edited = nil
		require.Equal(t, 200, c.call("PATCH", at, body).status, body)
		require.Empty(t, cmp.Diff([]session.Edit{want}, c.memory.edited), body)
	}
	c.memory.edited = nil
	for body, fields := range map[string]string{
		`{"name":1}`: "name", `{"width":0,"height":"5"}`: "height width", `{"labels":[]}`: "labels",
		`{"labels":{"a":1,"b":{}}}`: "labels.a labels.b", `{"command":["x"]}`: "command",
	} {
		var got []string
		for _, f := range c.problem(c.call("PATCH", at, body), 422).Errors {
			got = append(got, f.Field)
		}
		require.Equal(t, fields, strings.Join(got, " "), body)
	}
	c.problem(c.call("PATCH", at, `{"labels":{"a":"1","a":"2"}}`), 400)
	c.problem(c.call("PATCH", at, `{}`, with("Content-Type", "text/plain")), 415)
	require.Empty(t, c.memory.edited)
}

func TestEditSession(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		at := alice.create(`{"name":"one","command":["cat"],"labels":{"a":"1"}}`)
		alice.create(`{"name":"two","command":["cat"]}`)
		events := alice.stream("/api/events", "")
		hello, _ := events.next()
		require.Equal(t, "hello", hello.name)
		a := alice.call("PATCH", at+"/", `{"name":"three","labels":{"a":null,"b":"2"},"width":100,"height":30}`)
		require.Equal(t, 200, a.status, a.body)
		got := alice.session(at)
		require.Equal(t, labelsJSON{"b": "2"}, got.Labels)
		require.Equal(t, [5]any{"three", 100, 30, 100, 30}, [5]any{got.Name, got.Width, got.Height, got.Panes[0].Width, got.Panes[0].Height})
		event, _ := events.next()
		require.Equal(t, "session", event.name)
		require.Contains(t, event.raw, `"change":"renamed"`)
		require.Contains(t, event.raw, `"name":"three"`)
		for _, edit := range []string{`{"labels":{"c":"3"}}`, `{"width":101}`, `{"keep_after_exit":true}`, `{"keep_after_exit":false,"width":100,"labels":{"c":null}}`} {
			require.Equal(t, 200, alice.call("PATCH", at, `{}`).status) // changes nothing, and makes no event
			require.Equal(t, 200, alice.call("PATCH", at, edit).status)
			event, _ = events.next()
			require.Contains(t, event.raw, `"change":"edited"`, edit)
		}
		got = alice.session(at)

		p := alice.problem(alice.call("PATCH", at, `{"name":"two","width":50}`), 409)
		require.Equal(t, "urn:interplexer:problem:name-taken", p.Type)
		alice.problem(alice.call("PATCH", at, `{"name":"ok","labels":{"a b":"1"},"width":50}`), 422)
		require.Equal(t, got, alice.session(at))

		alice.call("POST", at+"/send-keys", `{"hex":"04"}`)
		require.Eventually(t, func() bool { return alice.session(at).Status == "exited" }, 20*time.Second, 10*time.Millisecond)
		p = alice.problem(alice.call("PATCH", at, `{"name":"ok","width":50}`), 409)
		require.Equal(t, "urn:interplexer:problem:ended", p.Type)
		require.Equal(t, 200, alice.call("PATCH", at, `{"name":"two"}`).status, "an ended one shares its name")
	})
}
