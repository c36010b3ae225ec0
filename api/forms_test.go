package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

// redraw has the program of a session made by drawing print a text that printf
// knows.
func (c *client) redraw(at, text string) {
	c.t.Helper()
	c.typeLine(at, text)
}

// drawing is a session of 20 by 5 cells whose program clears the screen and prints
// what it reads.
func (c *client) drawing() string {
	c.t.Helper()
	return c.create(`{"width":20,"height":5,"command":["sh","-c","stty -echo; printf ready; while read -r x; do printf '\\033[H\\033[2J\\033[3J'; printf \"$x\"; done"]}`)
}

// drawn waits until the screen in some form holds a text, and returns it.
func (c *client) drawn(url, text string) answer {
	c.t.Helper()
	var got answer
	require.Eventually(c.t, func() bool {
		got = c.call("GET", url, "")
		return strings.Contains(got.body, text)
	}, 10*time.Second, time.Millisecond, "%s: %q", url, text)
	return got
}

func TestTextForms(t *testing.T) {
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice, bob := s.user("alice", false), s.user("bob", false)
		at := alice.drawing()
		capture := at + "/capture-pane"
		alice.drawn(capture, "ready")
		alice.redraw(at, `1\n\033[31mred\033[0m\n%025d\n\033[1m4\n5\n6`)
		alice.drawn(capture, "\n6\n")
		zeros := strings.Repeat("0", 20)
		for query, want := range map[string]string{
			"":                            "00000\n4\n5\n6\n",
			"lines=1":                     "6\n",
			"lines=3":                     "4\n5\n6\n",
			"lines=6":                     "red\n" + zeros + "\n00000\n4\n5\n6\n",
			"lines=99":                    "1\nred\n" + zeros + "\n00000\n4\n5\n6\n",
			"lines=2000&trim=true":        "1\nred\n" + zeros + "\n00000\n4\n5\n6\n",
			"lines=4&join=true":           zeros + "00000\n4\n5\n6\n",
			"lines=3000&join=true":        "1\nred\n" + zeros + "00000\n4\n5\n6\n",
			"start=-&join=true":           "1\nred\n" + zeros + "00000\n4\n5\n6\n",
			"start=-2&end=-1":             "1\nred\n",
			"join=true&start=-1&end=-1":   "red\n",
			"lines=3000&end=3":            "",
			"start=-1&end=-1&format=ansi": "\x1b[31mred",
			"lines=6&format=ansi":         "\x1b[31mred",
			"lines=2&escapes=true":        "\x1b[1m5",
		} {
			got := alice.call("GET", capture+"?"+query, "")
			if want == "" {
				require.Equal(t, 422, got.status, query)
				continue
			}
			require.Equal(t, 200, got.status, "%s: %s", query, got.body)
			require.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
			if strings.HasPrefix(want, "\x1b") {
				require.Contains(t, strings.ReplaceAll(got.body, "\x1b[0m", ""), want, query)
			} else {
				require.True(t, strings.HasSuffix(got.body, want), "%s: %q", query, got.body)
			}
			if strings.HasPrefix(query, "lines") {
				require.LessOrEqual(t, strings.Count(got.body, "\n"), 7)
			}
			require.Equal(t, 404, bob.call("GET", capture+"?"+query, "").status, query)
			require.Equal(t, 404, alice.call("GET", capture+"?pane=%25999&"+query, "").status, query)
		}
		require.Equal(t, alice.call("GET", capture+"?lines=4&join=true", "").body, alice.call("POST", capture, `{"lines":4,"join":true}`).body)
	})
}

// trim decides which lines are the last.
func TestLastLinesOfAShortScreen(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.drawing()
	capture := at + "/capture-pane"
	alice.drawn(capture, "ready")
	alice.redraw(at, `1\n2`)
	alice.drawn(capture, "1\n2\n")
	require.Equal(t, "\n\n", alice.call("GET", capture+"?lines=2", "").body)
	require.Equal(t, "2\n", alice.call("GET", capture+"?lines=1&trim=true", "").body)
	require.Equal(t, "1\n2\n", alice.call("GET", capture+"?lines=7&trim=true", "").body)
	p := alice.problem(alice.call("GET", capture+"?lines=2001&trim=true", ""), 422)
	require.Equal(t, "trim", p.Errors[0].Field)
}

// Every form of the screen has a name of its own, is answered with 304 by it and
// from memory, and is waited for: also for what the plain text does not show.
func TestFormsAreConditional(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.drawing()
	capture := at + "/capture-pane"
	alice.drawn(capture, "ready")
	alice.redraw(at, `one`)
	alice.drawn(capture, "one")
	for i, query := range conditionalForms {
		url := capture + "?" + query
		first := alice.poll(url, "")
		require.Equal(t, 200, first.status, first.body)
		etag := first.header.Get("ETag")
		require.NotEmpty(t, etag, query)
		require.Equal(t, "no-cache, private", first.header.Get("Cache-Control"))
		require.Equal(t, 304, alice.poll(url, etag).status, query)
		require.Equal(t, 304, alice.poll(url+"&wait=0.01", etag).status, query)
		held := alice.held(url+"&wait=60", etag)
		s.awaitHeld(1)
		// Only the style is another, unless the form does not show it.
		text := fmt.Sprintf(`\033[%dmone`, 31+i)
		if query == "join=true" || query == "lines=5" {
			text = fmt.Sprintf("two%d", i)
		}
		alice.redraw(at, text)
		got := <-held
		require.Equal(t, 200, got.status, query)
		require.NotEqual(t, etag, got.header.Get("ETag"))
		s.awaitHeld(0)
	}
}

// conditionalForms are the queries of all forms of the screen.
var conditionalForms = []string{"format=ansi", "join=true", "lines=5", "lines=7&escapes=true"}

// A form that nothing has changed is answered without a word to tmux, and many
// who ask for it at once share one answer.
func TestFormsAreKept(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.drawing()
	capture := at + "/capture-pane"
	alice.drawn(capture, "ready")
	for _, query := range conditionalForms {
		require.Eventually(t, func() bool { // once the session is live, within the second that a screen is trusted
			before := s.registry.Stats()
			alice.poll(capture+"?"+query, "")
			alice.poll(capture+"?"+query, "")
			after := s.registry.Stats()
			return after.Captures == before.Captures && after.Hits == before.Hits+2
		}, 10*time.Second, time.Millisecond, query)
	}
	for i := range 100 { // more than are kept
		require.Equal(t, 200, alice.poll(fmt.Sprintf("%s?lines=%d", capture, i+1), "").status)
	}
}
