package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var (
	waitRounds  = flag.Int("wait-rounds", 20, "how many lines TestWaitRounds types into each shell")
	aheadRounds = flag.Int("ahead-rounds", 24, "how many lines TestWaitForWhatIsTypedAhead types into each shell")
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

// shells are those that must be understood, without the settings of whoever
// runs the tests.
var shells = map[string]string{
	"bash":    `["bash","--norc","--noprofile"]`,
	"zsh":     `["zsh","-f"]`,
	"dash":    `["dash"]`,
	"fish":    `["fish","--no-config"]`,
	"busybox": `["busybox","sh"]`,
	"cat":     `["cat"]`,
}

// runs starts one, which need not read yet.
func (c *client) runs(name string, size string) string {
	c.t.Helper()
	return c.create(`{"command":` + shells[name] + `,"env":{"HISTFILE":"","ENV":""}` + size + `}`)
}

// Each line is typed and its output waited for with a pattern that the echo
// matches as well, and is told from the echo by the shell's own work.
func TestWaitRounds(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for _, name := range []string{"bash", "zsh"} {
		t.Run(name, func(t *testing.T) {
			alice := *alice
			alice.t = t
			at := alice.runs(name, "")
			if name == "zsh" {
				alice.sends(at, "zmodload zsh/datetime; echo loaded", "loaded")
			}
			var late []time.Duration
			for n := range *waitRounds {
				body := fmt.Sprintf(`{"text":"round%d (.*)","timeout":20,"send":{"keys":"echo round%d $EPOCHREALTIME"}}`, n, n)
				_, a := alice.send("POST", at+"/wait", body)
				answered := time.Now()
				require.Equal(t, 200, a.status, a.body)
				var w waitedJSON
				require.NoError(t, json.Unmarshal([]byte(a.body), &w))
				at, err := strconv.ParseFloat(*w.Match.Groups[0], 64)
				require.NoError(t, err, "the echo was taken for the answer: %q", w.Match.Line)
				late = append(late, answered.Sub(time.UnixMicro(int64(at*1e6))))
			}
			slices.Sort(late)
			t.Logf("%d rounds: from the text to the answer p50 %s, p99 %s, most %s", len(late), late[len(late)/2], late[len(late)*99/100], late[len(late)-1])
		})
	}
}

// A shell may be starting, or busy, when it is typed to: the echo comes once or
// twice, before the prompt or behind it.
func TestWaitForAShell(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	for name := range shells {
		if name == "cat" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			alice := *alice
			alice.t = t
			for range 3 {
				at := alice.runs(name, "")
				w := alice.sends(at, "echo hello", "hello")
				require.NotContains(t, w.Match.Line, "echo", "%q", w.Screen) // dash's prompt may come between
				require.True(t, strings.HasSuffix(w.Match.Line, "hello"), "%q", w.Screen)
				require.Equal(t, session.ConditionText, w.Condition)
				require.Equal(t, 204, alice.call("DELETE", at, "").status)
			}
			at := alice.runs(name, `,"width":40,"height":10`)
			long := strings.Repeat("0123456789", 7) + "end" // wraps
			for round, test := range []struct{ line, text, want string }{
				{"echo done; sleep 0.1; echo done", "done", "done"},
				{"printf 'a\\n\\nb\\n'", "b$", "b"},
				{"echo " + long, "end", long},
				{"seq 30; echo last", "last", "last"},
				{"clear; echo cleared", "cleared", "cleared"},
				{`printf '\033[H\033[2Jhome\n'`, "home", "home"},
				{`printf '\033creset\n'`, "reset", "reset"},
				{`printf '\033[3J\033[H\033[2Jthree\n'`, "three", "three"},
				{"sleep 0.2", `[$%>#] $`, ""},
				{"echo one\necho two", "two", "two"},
				{"sleep 0.2\necho three", "three", "three"},
				{"cat <<E\ninside\nE", "inside", "inside"},
			} {
				if strings.Contains(test.line, "<<") && name == "fish" {
					continue // it has none
				}
				w := alice.sends(at, test.line, test.text)
				if test.want == "" {
					require.Regexp(t, test.text, w.Match.Line)
					continue
				}
				// dash shows its prompt before it reads, and nothing of what it reads.
				require.Equal(t, test.want, strings.TrimLeft(w.Match.Line, "#> "), "round %d: %q\n%s", round, test.line, w.Screen)
			}
		})
	}
}

// An answer that is what was typed is one, however much comes before it.
func TestWaitForWhatComesBehindMuch(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["bash","-c","while read -rep '> ' x; do seq 100; sleep 0.1; echo \"$x\"; done"]}`)
	for n := range 5 {
		word := fmt.Sprintf("hello%d", n)
		require.Equal(t, word, alice.sends(at, word, "^"+word+"$").Match.Line)
	}
}

// What clears and then prints much is found from its first line on.
func TestWaitForAllBehindAClearing(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for range 5 {
		at := alice.runs("bash", "")
		alice.sends(at, `echo 'left over'`, "^left")
		w := alice.sends(at, `printf '\033[H\033[2J\033[3J'; seq -f 'number %g over' 1000`, `number 5\d over|left over$`)
		require.Equal(t, "number 50 over", w.Match.Text)
	}
}

// The other screen is cleared, and left, and then the history.
func TestWaitForWhatClearsAfterAPicture(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","stty -echo; while :; do seq 10; printf '\\033[?1049h\\033[Hpicture'; read x; printf '\\033[?1049l\\033[H\\033[2J\\033[3Jdone\\n'; read x; done"]}`)
	for range 5 {
		alice.waits(at, `{"text":"picture"}`)
		require.Equal(t, "done", alice.sends(at, "q", "done").Match.Line)
		require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"keys":"again"}`).status)
	}
}

// What is typed while a shell turns from one line to the next is shown by the
// terminal or by the shell, or by both.
func TestWaitForWhatIsTypedAhead(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for _, name := range []string{"bash", "zsh", "fish"} {
		t.Run(name, func(t *testing.T) {
			alice := *alice
			alice.t = t
			at := alice.runs(name, "")
			for round := range *aheadRounds {
				require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"keys":"sleep 0.01"}`).status)
				for range round % 8 { // which takes a while
					require.Equal(t, 200, alice.call("GET", at, "").status)
				}
				w := alice.sends(at, fmt.Sprintf("echo one%d\necho two%d", round, round), "two")
				assert.Equal(t, fmt.Sprintf("two%d", round), w.Match.Line, "round %d\n%s", round, w.Screen)
			}
		})
	}
}

// Whatever was on the screen and in the history before, what comes after a
// clearing is found.
func TestWaitForWhatClears(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for _, clearing := range []string{
		`\033[H\033[2J\033[3J`, // clear(1)
		`\033[3J\033[H\033[2J`,
		`\033[H\033[2J`,
		`\033[H\033[J`,
		`\033c`,
	} {
		t.Run(clearing, func(t *testing.T) {
			alice := *alice
			alice.t = t
			at := alice.create(`{"command":["sh","-c","stty -echo; echo ready; while read -r x; do printf \"$x\"; done"],"width":40,"height":6}`)
			alice.waits(at, `{"text":"ready"}`)
			for before := range 14 {
				word := fmt.Sprintf("cleared%d", before)
				w := alice.sends(at, strings.Repeat(`x\n`, before)+clearing+word+`\n`, word)
				require.Contains(t, w.Match.Line, word)
			}
		})
	}
}

func TestWaitForWhatWasTyped(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("cat", "")
	for n := range 14 {
		w := alice.sends(at, "hello", "hello")
		require.Equal(t, "hello", w.Match.Line)
		require.Equal(t, min(2*n+1, 22), w.Match.Number, "the second of them")
	}
	alice.sends(alice.create(`{"command":["cat","-n"]}`), "hello", "1\thello|1  hello")
	editor := alice.create(`{"command":["bash","-c","while read -rep '> ' x; do echo \"$x\"; done"]}`)
	for n := range 5 { // what answers what was typed turns the terminal over and over
		word := fmt.Sprintf("hello%d", n)
		require.Equal(t, word, alice.sends(editor, word, word).Match.Line)
	}
	silent := alice.create(`{"command":["sh","-c","stty -echo; echo ready; exec cat"]}`)
	alice.waits(silent, `{"text":"ready"}`)
	require.Equal(t, 1, alice.sends(silent, "hello", "hello").Match.Number)
}

// When the history is full, tmux drops some of it: places move.
func TestWaitWithAFullHistory(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("bash", "")
	alice.sends(at, "seq 2100; echo full", "full")
	for n := range 30 {
		line := fmt.Sprintf("seq 50; echo answer%d", n)
		w := alice.sends(at, line, fmt.Sprintf("answer%d", n))
		require.Equal(t, fmt.Sprintf("answer%d", n), w.Match.Line, w.Screen)
	}
	w := alice.sends(at, "seq 5000; echo flood", "flood")
	require.Equal(t, "flood", w.Match.Line)
}

// What has scrolled by is not missed.
func TestWaitForWhatScrolls(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("bash", "")
	w := alice.sends(at, "echo needle; seq 500", "needle")
	require.Equal(t, "needle", w.Match.Line)
	require.Less(t, w.Match.Number, 24)
}

func TestWaitForPictures(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.runs("bash", "")
	alice.sends(at, `echo old; printf '\033[?1049h\033[Hnew'; read x; printf '\033[?1049l'; echo back`, "^new$")
	p := alice.problem(alice.waitAnswer(at, fields{"text": "old", "timeout": 0, "send": fields{"text": ""}}), 408)
	require.Contains(t, *p.Screen, "new")
	require.Equal(t, "back", alice.sends(at, "", "back").Match.Line)
	alice.problem(alice.waitAnswer(at, fields{"text": "old", "timeout": 0.2, "send": fields{"text": " "}}), 408)
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
	s := startServiceOptions(t, dbtest.Open(t, db.SQLite), session.Options{Live: session.LiveOptions{Idle: -1}}, func(*Options) {})
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
