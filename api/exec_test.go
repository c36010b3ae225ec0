package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

func (c *client) exec(body map[string]any) ran {
	c.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(c.t, err)
	return c.ran(c.call("POST", "/api/exec", string(text)))
}

// TestExec is one pass through HTTP; the tests of exec are in session/shellrun.
func TestExec(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		for _, c := range []struct {
			body   map[string]any
			output string
			code   int
		}{
			{map[string]any{"argv": []string{"printf", "%s|", "it's", `"q"`, "$HOME", ""}}, `it's|"q"|$HOME||`, 0},
			{map[string]any{"command": "pwd; exit 3", "cwd": "/usr/lib"}, "/usr/lib\n", 3},
			{map[string]any{"command": "set -e; echo $GREETING; false; echo never", "env": map[string]string{"GREETING": "żółć"}}, "żółć\n", 1},
			{map[string]any{"argv": []string{"sort"}, "stdin": "b\na\n"}, "a\nb\n", 0},
			{map[string]any{"command": "cat; tty >/dev/null || echo no terminal", "stdin": ""}, "no terminal\n", 0},
			{map[string]any{"argv": []string{"nosuchprogram-1"}}, "", 127},
			{map[string]any{"command": "head -c 3000000 /dev/zero | tr '\\0' x", "max_output": 3}, "xxx", 0},
		} {
			r := alice.exec(c.body)
			require.Equal(t, 200, r.status, r.body)
			require.NotNil(t, r.ExitCode, r.body)
			require.Equal(t, c.code, *r.ExitCode, r.body)
			if c.code != 127 {
				require.Equal(t, c.output, r.Output)
			}
			require.Equal(t, c.output == "xxx", r.Truncated)
		}
		alice.hasNone()
	})
}

// hasNone waits until the caller has no session.
func (c *client) hasNone() {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.call("GET", "/api/sessions", "").body == "[]\n" }, 20*time.Second, time.Millisecond)
}

func TestExecGoesOn(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	late := alice.exec(map[string]any{"command": "echo first; read line; echo $line; exit 7", "timeout": 0.01})
	require.Equal(t, 408, late.status, late.body)
	require.Eventually(t, func() bool {
		return alice.ran(alice.call("GET", late.Next+"&timeout=0", "")).Output == "first\n"
	}, 20*time.Second, time.Millisecond)
	bob.problem(bob.call("GET", late.Next, ""), 404)
	var list []sessionJSON
	require.NoError(t, json.Unmarshal([]byte(alice.call("GET", "/api/sessions", "").body), &list))
	require.Len(t, list, 1)
	alice.typeLine("/api/sessions/"+jsonNumber(list[0].ID), "typed")
	r := alice.ran(alice.call("GET", late.Next+"&timeout=20", ""))
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, 7, *r.ExitCode)
	require.Equal(t, "first\ntyped\ntyped\n", r.Output)
	alice.hasNone()
	require.Equal(t, r.Output, alice.ran(alice.call("GET", late.Next, "")).Output) // it is remembered
	bob.problem(bob.call("GET", late.Next, ""), 404)
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestExecIsRefused(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for _, body := range []string{
		`{}`, `{"argv":[]}`, `{"argv":["a"],"command":"b"}`, `{"argv":["a\u0000"]}`, `{"command":"a","timeout":0}`, `{"command":"a","timeout":61}`,
		`{"command":"a","max_output":-1}`, `{"command":"a","cwd":"relative"}`, `{"command":"a","unknown":1}`, `{"command":"a","stdin":1}`,
	} {
		alice.problem(alice.call("POST", "/api/exec", body), 422)
	}
	at := alice.bash()
	for _, body := range []string{`{}`, `{"command":""}`, `{"command":"a","timeout":"1"}`, `{"command":"a","max_output":16777217}`, `{"command":"a","pane":""}`} {
		alice.problem(alice.call("POST", at+"/run", body), 422)
	}
	alice.problem(alice.call("GET", at+"/run?run=x&timeout=61", ""), 422)
	alice.problem(alice.call("POST", at+"/run", `{"command":"a","pane":"%99999"}`), 404)
}
