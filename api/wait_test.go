package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
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

type fields map[string]any

// sends waits for a text after a line was typed.
func (c *client) sends(at, line, text string) waitedJSON {
	c.t.Helper()
	return c.waits(at, fields{"text": text, "timeout": 20, "send": fields{"keys": line}})
}

func TestWaitConditions(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("cat", "")
	pane := alice.session(at).Panes[0].ID

	began := time.Now()
	w := alice.waits(at, `{"quiet_ms":50}`)
	require.Equal(t, session.ConditionQuiet, w.Condition)
	require.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)

	p := alice.problem(alice.waitAnswer(at, `{"text":"x","timeout":0.05}`), 408)
	require.Equal(t, "urn:interplexer:problem:wait-timeout", p.Type)
	require.Empty(t, *p.Screen)
	alice.typeLine(at, "hello 12")
	w = alice.waits(at, `{"text":"h(e)(x)?l+o \\d+$","exit":true,"quiet_ms":60000,"pane":"`+pane+`"}`)
	require.Equal(t, session.ConditionText, w.Condition)
	require.Equal(t, pane, w.Pane)
	e := "e"
	require.Equal(t, &matchJSON{Text: "hello 12", Groups: []*string{&e, nil}, Line: "hello 12", Number: 0}, w.Match)
	alice.shows(at, "hello 12\nhello 12\n")
	p = alice.problem(alice.waitAnswer(at, `{"text":"x","timeout":0}`), 408)
	require.Equal(t, "hello 12\nhello 12\n", *p.Screen)

	busy := alice.create(`{"command":["sh","-c","while sleep 0.02; do echo x; done"]}`)
	alice.problem(alice.waitAnswer(busy, `{"quiet_ms":500,"timeout":1}`), 408)
	flood := alice.create(`{"command":["yes"]}`)
	alice.problem(alice.waitAnswer(flood, `{"quiet_ms":700,"timeout":1.5}`), 408)
	alice.waits(flood, `{"text":"^y$"}`)
}

func TestWaitForTheEnd(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	name := func(at string) string { return "session-" + at[strings.LastIndexByte(at, '/')+1:] }
	split := func(at string) string {
		return strings.TrimSpace(controltest.Tmux(t, s.socket, "split-window", "-d", "-P", "-F", "#{pane_id}", "-t", name(at), "cat"))
	}
	for how, end := range map[string]func(at, pane string){
		"exited":      func(at, _ string) { controltest.Tmux(t, s.socket, "kill-session", "-t", name(at)) },
		"pane-closed": func(_, pane string) { controltest.Tmux(t, s.socket, "kill-pane", "-t", pane) },
		"deleted":     func(at, _ string) { require.Equal(t, 204, alice.call("DELETE", at, "").status) },
		"pane-dead": func(_, pane string) {
			controltest.Tmux(t, s.socket, "set-option", "-p", "-t", pane, "remain-on-exit", "on")
			controltest.Tmux(t, s.socket, "send-keys", "-t", pane, "C-d")
		},
	} {
		t.Run(how, func(t *testing.T) {
			at := alice.runs("cat", "")
			pane := split(at)
			alice.waits(at, fields{"text": "shown", "pane": pane, "send": fields{"keys": "shown"}})
			exit, text := make(chan answer, 1), make(chan answer, 1)
			go func() { exit <- alice.waitAnswer(at, fields{"exit": true, "pane": pane, "timeout": 20}) }()
			go func() { text <- alice.waitAnswer(at, fields{"text": "never", "pane": pane, "timeout": 2}) }()
			s.awaitHeld(2)
			alice.waits(at, `{"quiet_ms":50}`) // by then both wait
			end(at, pane)
			a := <-exit
			require.Equal(t, 200, a.status, a.body)
			var w waitedJSON
			require.NoError(t, json.Unmarshal([]byte(a.body), &w))
			require.Equal(t, session.ConditionExit, w.Condition)
			require.Contains(t, w.Screen, "shown", "as it was last seen")
			if how == "pane-dead" {
				require.Equal(t, how, w.Exit)
				alice.problem(<-text, 408)
				return
			}
			ends := []string{how}
			if how == "deleted" {
				ends = append(ends, "exited")
			}
			require.Contains(t, ends, w.Exit)
			require.Contains(t, ends, alice.problem(<-text, 410).SessionStatus)
		})
	}
	at := alice.create(`{"command":["true"]}`)
	require.Eventually(t, func() bool { return alice.session(at).Status == "exited" }, 10*time.Second, time.Millisecond)
	require.Equal(t, "exited", alice.waits(at, `{"exit":true}`).Exit)
	require.Equal(t, "exited", alice.problem(alice.waitAnswer(at, `{"text":"x"}`), 410).SessionStatus)
	at = alice.runs("bash", "")
	w := alice.waits(at, `{"exit":true,"send":{"keys":"exit 3"}}`)
	require.Equal(t, "exited", w.Exit)
	require.Nil(t, w.ExitCode)
	kept := alice.runs("bash", `,"keep_after_exit":true`)
	w = alice.waits(kept, `{"exit":true,"send":{"keys":"exit 3"}}`)
	require.Equal(t, "exited", w.Exit)
	if w.ExitCode != nil { // tmux 3.3a may miss it
		require.Equal(t, 3, *w.ExitCode)
	}
	require.Equal(t, w.Exit, alice.waits(kept, `{"exit":true}`).Exit, "it has ended already")
}

func TestWaitIsHeld(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("cat", "")
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

func TestWaitSurvivesTheHub(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("cat", "")
	held := make(chan answer, 1)
	go func() { held <- alice.waitAnswer(at, `{"text":"hello","timeout":20}`) }()
	s.awaitHeld(1)
	s.kill(s.hubPID())
	alice.typeLine(at, "hello")
	require.Equal(t, 200, (<-held).status)
}

// Without live screens every look asks tmux, and waits are slower and as true.
func TestWaitWithoutLiveScreens(t *testing.T) {
	s := startServiceOptions(t, dbtest.Open(t, db.SQLite), registry.Options{Live: live.Options{Idle: -1}}, func(*Options) {})
	alice := s.user("alice", false)
	at := alice.runs("bash", "")
	for range 5 {
		require.Equal(t, "hello", alice.sends(at, "echo hello", "hello").Match.Line)
	}
	require.Equal(t, session.ConditionQuiet, alice.waits(at, `{"quiet_ms":100}`).Condition)
	require.Equal(t, "exited", alice.waits(at, `{"exit":true,"send":{"keys":"exit"}}`).Exit)
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

// What cannot be accepted is found before anything is typed.
func TestWaitRefusals(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	at := alice.runs("cat", "")
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
	controltest.Tmux(t, s.socket, "copy-mode", "-t", "session-1")
	p := alice.problem(alice.waitAnswer(at, `{"text":"x","send":{"keys":"x","in_mode":"refuse"}}`), 409)
	require.Equal(t, "urn:interplexer:problem:pane-in-mode", p.Type)
}
