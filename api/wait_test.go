package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// waitAnswer asks for a wait; the body is JSON, or made into it.
func (c *client) waitAnswer(at string, body any) answer {
	c.t.Helper()
	text, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		require.NoError(c.t, err)
		text = string(encoded)
	}
	return c.call("POST", at+"/wait", text)
}

// waits expects a condition to hold.
func (c *client) waits(at string, body any) (w waitedJSON) {
	c.t.Helper()
	a := c.waitAnswer(at, body)
	require.Equal(c.t, 200, a.status, "%v: %s", body, a.body)
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &w))
	return w
}

// TestWait is one pass through HTTP; the tests of waits are in session/expect.
func TestWait(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		at := alice.create(`{"command":["cat"]}`)
		pane := alice.session(at).Panes[0].ID
		w := alice.waits(at, `{"text":"h(e)(x)?l+o \\d+$","exit":true,"quiet_ms":60000,"pane":"`+pane+`","send":{"keys":"hello 12"}}`)
		e := "e"
		require.Equal(t, waitedJSON{
			Condition: session.ConditionText, Pane: pane, Screen: "hello 12\nhello 12\n",
			Match: &matchJSON{Text: "hello 12", Groups: []*string{&e, nil}, Line: "hello 12", Number: 1},
		}, w)
		require.Equal(t, session.ConditionQuiet, alice.waits(at, `{"quiet_ms":50}`).Condition)
		p := alice.problem(alice.waitAnswer(at, `{"text":"x","timeout":0.05}`), 408)
		require.Equal(t, "urn:interplexer:problem:wait-timeout", p.Type)
		require.Equal(t, "hello 12\nhello 12\n", *p.Screen)

		ended := make(chan answer, 1)
		go func() { ended <- alice.waitAnswer(at, `{"text":"never"}`) }()
		s.awaitHeld(1)
		w = alice.waits(at, `{"exit":true,"send":{"hex":"04"}}`)
		require.Equal(t, session.ConditionExit, w.Condition)
		require.Equal(t, "exited", w.Exit)
		require.Equal(t, "exited", alice.problem(<-ended, 410).SessionStatus)
		require.Equal(t, "exited", alice.waits(at, `{"exit":true}`).Exit)
		require.Equal(t, "exited", alice.problem(alice.waitAnswer(at, `{"text":"x"}`), 410).SessionStatus)

		kept := alice.create(`{"command":["sh","-c","read x; exit 3"],"keep_after_exit":true}`)
		w = alice.waits(kept, `{"exit":true,"send":{"keys":""}}`)
		require.Equal(t, "exited", w.Exit)
		if w.ExitCode != nil { // tmux 3.3a may miss how a program has ended
			require.Equal(t, 3, *w.ExitCode)
		}
	})
}

func TestWaitIsHeld(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	var all []chan answer
	for range maxHeldInTests {
		held := make(chan answer, 1)
		go func() { held <- alice.waitAnswer(at, `{"text":"never","timeout":60}`) }()
		all = append(all, held)
	}
	s.awaitHeld(maxHeldInTests)
	refused := alice.waitAnswer(at, `{"text":"never","send":{"keys":"typed"}}`)
	alice.problem(refused, 429)
	s.server.stop() // as Shutdown does
	for _, held := range all {
		require.Equal(t, "urn:interplexer:problem:stopping", alice.problem(<-held, 503).Type)
	}
	s.awaitHeld(0)
	alice.shows(at, "") // nothing was typed
}

func TestWaitIsBound(t *testing.T) {
	c := start(t, nil)
	at := c.create("")
	line := "x"
	for body, want := range map[string]session.WaitOptions{
		`{"text":"a+"}`: {Text: "a+", Timeout: 30 * time.Second},
		`{"quiet_ms":1500,"exit":true,"timeout":0.25,"pane":"%5"}`:  {Pane: "%5", Quiet: 1500 * time.Millisecond, Exit: true, Timeout: 250 * time.Millisecond},
		`{"exit":true,"timeout":0,"send":{"keys":"x","pane":"%5"}}`: {Exit: true, Send: &session.Input{Line: &line, Pane: "%5"}},
	} {
		c.memory.waited = nil
		a := c.waitAnswer(at, body)
		require.Equal(t, 200, a.status)
		require.Equal(t, []session.WaitOptions{want}, c.memory.waited)
		require.JSONEq(t, `{"condition":"text","pane":"%5","match":{"text":"ello","groups":["o",null],"line":"hello","number":-1},"screen":"hello\n"}`, a.body)
	}
	for body, field := range map[string]string{
		`{"text":""}`: "text", `{"text":1}`: "text", `{"quiet_ms":0}`: "quiet_ms", `{"quiet_ms":60001}`: "quiet_ms", `{"exit":1}`: "exit",
		`{"exit":true,"timeout":-1}`: "timeout", `{"exit":true,"timeout":60.1}`: "timeout", `{"exit":true,"timeout":"1"}`: "timeout",
		`{"exit":true,"send":1}`: "send", `{"exit":true,"send":{}}`: "send.keys", `{"exit":true,"send":{"keys":"x","Pane":"%5"}}`: "send.Pane",
		`{"exit":true,"pane":""}`: "pane", `{"exit":true,"until":1}`: "until",
	} {
		require.Equal(t, field, c.problem(c.waitAnswer(at, body), 422).Errors[0].Field, body)
	}
	c.problem(c.waitAnswer(at, `{"send":{"keys":"x","keys":"y"}}`), 400)
	require.Equal(t, 415, c.call("POST", at+"/wait", `{"exit":true}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }).status)
}

// A wait that cannot be accepted is refused before anything is typed.
func TestWaitRefusals(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	at := alice.create(`{"command":["cat"]}`)
	for body, field := range map[string]string{
		`{}`: "text", `{"send":{"keys":"typed"}}`: "text",
		`{"text":"(","send":{"keys":"typed"}}`:                         "text",
		`{"text":"a)(b","send":{"keys":"typed"}}`:                      "text",
		`{"text":"x*","send":{"keys":"typed"}}`:                        "text",
		`{"text":"(?:x{50}){50}","send":{"keys":"typed"}}`:             "text",
		`{"text":"` + strings.Repeat("x", 1001) + `"}`:                 "text",
		`{"text":"x","pane":"%1","send":{"keys":"typed","pane":"%2"}}`: "send.pane",
		`{"text":"x","pane":"x","send":{"keys":"typed"}}`:              "pane",
		`{"text":"x","send":{"text":"typed\u0000"}}`:                   "send.text",
	} {
		require.Equal(t, field, alice.problem(alice.waitAnswer(at, body), 422).Errors[0].Field, body)
	}
	alice.problem(alice.waitAnswer(at, `{"text":"x","pane":"%99","send":{"keys":"typed"}}`), 404)
	bob.problem(bob.waitAnswer(at, `{"exit":true,"send":{"keys":"typed"}}`), 404)
	alice.shows(at, "")
	s.domain.AwaitHub(0) // a change while it attaches can crash tmux (PR 4980)
	controltest.Tmux(t, s.socket, "copy-mode", "-t", "session-1")
	p := alice.problem(alice.waitAnswer(at, `{"text":"x","send":{"keys":"x","in_mode":"refuse"}}`), 409)
	require.Equal(t, "urn:interplexer:problem:pane-in-mode", p.Type)
}
