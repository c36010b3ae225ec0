package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// ran is the answer of a run.
type ran struct {
	Output     string
	Encoding   string
	Truncated  bool
	ExitCode   *int  `json:"exit_code"`
	Duration   int64 `json:"duration_ms"`
	Run        string
	ShellEnded bool `json:"shell_ended"`
	Next       string
	status     int
	body       string
}

func (c *client) run(at, command string, with map[string]any) ran {
	c.t.Helper()
	body := map[string]any{"command": command, "timeout": 30}
	for name, value := range with {
		body[name] = value
	}
	text, err := json.Marshal(body)
	require.NoError(c.t, err)
	return c.ran(c.call("POST", at+"/run", string(text)))
}

func (c *client) ran(a answer) (r ran) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &r))
	if r.Encoding == "base64" {
		output, err := base64.StdEncoding.DecodeString(r.Output)
		require.NoError(c.t, err)
		r.Output = string(output)
	}
	r.status, r.body = a.status, a.body
	return r
}

func (c *client) bash() (at string) {
	c.t.Helper()
	return c.create(`{"command":["` + strings.Join(sessiontest.Bash, `","`) + `"]}`)
}

// TestRun is one pass through HTTP; the tests of runs are in session/shellrun.
func TestRun(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice, bob := s.user("alice", false), s.user("bob", false)
		at := alice.bash()
		for _, test := range []struct {
			command, output, encoding string
			most, code                int
		}{
			{command: `echo 'żółć "q"'; exit_code() { return 3; }; exit_code`, output: "żółć \"q\"\n", most: 1 << 20, code: 3},
			{command: `printf '\000\001\377\033[31m\n'`, output: "\x00\x01\xff\x1b[31m\n", encoding: "base64", most: 1 << 20},
			{command: `printf 'äää'`, output: "ää", most: 5}, // whole characters
			{command: `printf 'äää'`, most: 0},
		} {
			r := alice.run(at, test.command, map[string]any{"max_output": test.most})
			require.Equal(t, 200, r.status, r.body)
			require.Equal(t, test.output, r.Output, r.body)
			require.Equal(t, test.encoding, r.Encoding)
			require.Equal(t, test.most < 6, r.Truncated)
			require.Equal(t, test.code, *r.ExitCode)
			require.NotEmpty(t, r.Run)
			require.False(t, r.ShellEnded)
		}

		late := alice.run(at, `echo first; read line; echo $line`, map[string]any{"timeout": 0.01})
		require.Equal(t, 408, late.status, late.body)
		require.Contains(t, late.body, "urn:interplexer:problem:run-timeout")
		require.Equal(t, at+"/run?run="+late.Run, late.Next)
		other := alice.run(at, `echo second`, nil)
		require.Equal(t, 409, other.status)
		require.Contains(t, other.body, "urn:interplexer:problem:running")
		require.Equal(t, late.Next, other.Next)
		require.Eventually(t, func() bool {
			r := alice.ran(alice.call("GET", late.Next+"&timeout=0", ""))
			require.Equal(t, 408, r.status, r.body)
			return r.Output == "first\n"
		}, 20*time.Second, time.Millisecond)
		bob.problem(bob.call("GET", late.Next, ""), 404)
		alice.problem(alice.call("GET", at+"/run?run=unknown", ""), 404)
		alice.typeLine(at, "typed")
		r := alice.ran(alice.call("GET", late.Next+"&timeout=20", ""))
		require.Equal(t, 200, r.status, r.body)
		require.Equal(t, "first\ntyped\ntyped\n", r.Output)

		ended := alice.run(at, `exit 3`, nil)
		require.Equal(t, 200, ended.status, ended.body)
		require.True(t, ended.ShellEnded)
		require.Nil(t, ended.ExitCode)
		require.Eventually(t, func() bool { return alice.session(at).Status == "exited" }, 20*time.Second, time.Millisecond)
		ended = alice.run(at, "true", nil)
		require.Equal(t, 409, ended.status)
		require.Contains(t, ended.body, "urn:interplexer:problem:ended")
		require.Equal(t, 204, alice.call("DELETE", at, "").status)
		alice.problem(alice.call("GET", late.Next, ""), 404)
	})
}

func TestRunNeedsAShell(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	r := alice.run(alice.create(`{"command":["cat"]}`), "echo typed", nil)
	require.Equal(t, 409, r.status, r.body)
	require.Contains(t, r.body, "urn:interplexer:problem:no-shell")
	at := alice.bash()
	require.Equal(t, 200, alice.run(at, "true", nil).status)
	alice.typeLine(at, "read line")
	require.Eventually(t, func() bool {
		r = alice.run(at, "true", nil)
		return r.status == 409
	}, 20*time.Second, time.Millisecond)
	require.Contains(t, r.body, "urn:interplexer:problem:shell-busy")
}
