package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var (
	waitRounds  = flag.Int("wait-rounds", 20, "how many lines TestWaitRounds types into each shell")
	aheadRounds = flag.Int("ahead-rounds", 24, "how many lines TestWaitForWhatIsTypedAhead types into each shell")
)

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

// A line is found that comes and goes while the screen scrolls without a rest.
func TestWaitForWhatScrollsBy(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for begin, want := range map[string]string{
		"":                                "^number 5 over$",
		`printf '\033[H\033[2J\033[3J'; `: "^number 5 over$",
		// Where that began is known when all of it was told, which may be after
		// the first of these were seen.
		`printf '\033[3J\033[H\033[2J'; `: "^number [5-9] over$",
	} {
		t.Run(begin, func(t *testing.T) {
			alice := *alice
			alice.t = t
			for range 5 {
				at := alice.runs("bash", "")
				alice.sends(at, `echo 'left over'`, "^left")
				w := alice.sends(at, begin+`for i in {1..1900}; do echo "number $i over"; done`, `number [5-9] over|left over$`)
				require.Regexp(t, want, w.Match.Text)
				require.Equal(t, 204, alice.call("DELETE", at, "").status)
			}
		})
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
		`\033[H\033[0J\033[3J`,
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

// A line editor takes the terminal over at any time about the typing: the terminal
// itself has shown what was typed, or it has not.
func TestWaitForAnEditorThatStarts(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for range 60 {
		at := alice.create(`{"command":["bash","-c","while read -rep '> ' x; do echo \"$x\"; done"]}`)
		require.Equal(t, "hello", alice.sends(at, "hello", "hello").Match.Line)
		require.Equal(t, 204, alice.call("DELETE", at, "").status)
	}
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
