package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
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
	t.Parallel()
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
	t.Parallel()
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
		text := fmt.Sprintf(`\033[%dmone`, 31+i%6)
		if query == "join=true" || query == "lines=5" || query == "format=json" {
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
var conditionalForms = []string{
	"format=ansi", "join=true", "lines=5", "lines=7&escapes=true", "format=json", "format=json&styles=true", "format=json&styles=true&trim=true",
	"format=html", "format=svg", "format=png",
}

// A form that nothing has changed is answered without a word to tmux, and many
// who ask for it at once share one answer.
func TestFormsAreKept(t *testing.T) {
	t.Parallel()
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

func init() {
	asText := func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		text, err := io.ReadAll(body)
		return string(text), err
	}
	for _, mediaType := range []string{"text/html", "image/svg+xml", "image/png"} {
		openapi3filter.RegisterBodyDecoder(mediaType, asText)
	}
}

// screenDocument is the answer of format=json.
type screenDocument struct {
	Lines         []string
	Width, Height int
	Cursor        struct {
		X, Y    int
		Visible bool
	}
	Alternate   bool
	Mode        string
	HistorySize int `json:"history_size"`
	Runs        [][]map[string]any
}

func (c *client) document(url string) (d screenDocument) {
	c.t.Helper()
	a := c.call("GET", url, "")
	require.Equal(c.t, 200, a.status, a.body)
	require.Equal(c.t, "application/json", a.header.Get("Content-Type"))
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &d))
	return d
}

func TestScreenAsJSON(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		at := alice.drawing()
		capture := at + "/capture-pane"
		alice.drawn(capture, "ready")
		alice.redraw(at, `1\n2\n3\n4\n5 <&>  \n\033[1;38;5;208m\346\227\245\346\234\254\033[0m \033[41mred\033[0m`)
		alice.drawn(capture, "red")
		d := alice.document(capture + "?format=json")
		require.Equal(t, []string{"2", "3", "4", "5 <&>", "日本 red"}, d.Lines)
		require.Equal(t, []int{20, 5, 8, 4, 1}, []int{d.Width, d.Height, d.Cursor.X, d.Cursor.Y, d.HistorySize})
		require.True(t, d.Cursor.Visible)
		require.False(t, d.Alternate)
		require.Empty(t, d.Mode)
		require.Nil(t, d.Runs)
		require.Equal(t, strings.Join(d.Lines, "\n")+"\n", alice.call("GET", capture, "").body)

		styled := alice.document(capture + "?format=json&styles=true")
		require.Equal(t, d.Lines, styled.Lines)
		require.Equal(t, []map[string]any{
			{"x": 0.0, "width": 4.0, "text": "日本", "fg": "colour208", "bold": true},
			{"x": 4.0, "width": 1.0, "text": " "},
			{"x": 5.0, "width": 3.0, "text": "red", "bg": "red"},
		}, styled.Runs[4])
		require.Len(t, styled.Runs, 5)

		alice.redraw(at, `\033[?1049h\033[?25lx\033[3;5H`)
		alice.drawn(capture, "x\n")
		d = alice.document(capture + "?format=json&trim=true")
		require.Equal(t, []string{"x"}, d.Lines)
		require.True(t, d.Alternate)
		require.Equal(t, []int{4, 2}, []int{d.Cursor.X, d.Cursor.Y})
		require.False(t, d.Cursor.Visible)
		require.Equal(t, alice.call("GET", capture+"?format=json", "").body, alice.call("POST", capture, `{"format":"json"}`).body)

		// A cursor that moves is a change.
		first := alice.poll(capture+"?format=json", "").header.Get("ETag")
		held := alice.held(capture+"?format=json&wait=60", first)
		s.awaitHeld(1)
		plain := alice.poll(capture, "").header.Get("ETag")
		alice.redraw(at, `x\033[2;2H`)
		require.Equal(t, 200, (<-held).status)
		require.Equal(t, 304, alice.poll(capture, plain).status)
	})
}

func TestPicturesOfTheScreen(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	at := alice.drawing()
	capture := at + "/capture-pane"
	alice.drawn(capture, "ready")
	alice.redraw(at, `\033[31m<b>\033[0m\033[?25l`)
	alice.drawn(capture, "<b>")
	for format, want := range map[string]struct{ mediaType, holds string }{
		"html": {"text/html; charset=utf-8", `<span style="color:#cd0000;">&lt;b&gt;</span>`},
		"svg":  {"image/svg+xml", `fill="#cd0000">&lt;b&gt;</text>`},
		"png":  {"image/png", "PNG"},
	} {
		got := alice.call("GET", capture+"?format="+format, "")
		require.Equal(t, 200, got.status)
		require.Equal(t, want.mediaType, got.header.Get("Content-Type"))
		require.Contains(t, got.body, want.holds)
		require.Equal(t, got.body, alice.call("POST", capture, `{"format":"`+format+`"}`).body)
		if format != "png" {
			require.Contains(t, got.header.Get("Content-Security-Policy"), "sandbox")
		}
		require.Equal(t, 404, bob.call("GET", capture+"?format="+format, "").status)
	}
	picture, err := png.Decode(bytes.NewReader([]byte(alice.call("GET", capture+"?format=png", "").body)))
	require.NoError(t, err)
	require.Equal(t, image.Pt(20*8, 5*16), picture.Bounds().Size())
	red := 0
	for i := range 20 * 8 * 16 {
		if r, g, b, _ := picture.At(i%160, i/160).RGBA(); r>>8 == 0xcd && g == 0 && b == 0 {
			red++
		}
	}
	require.Greater(t, red, 30)
}

// A pane of more cells than a picture may have still has its text.
func TestPictureOfALargePane(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"width":1000,"height":66,"command":["cat"]}`) + "/capture-pane"
	for _, format := range []string{"html", "svg", "png"} {
		p := alice.problem(alice.call("GET", at+"?format="+format, ""), 422)
		require.Equal(t, "format", p.Errors[0].Field)
		require.Contains(t, p.Errors[0].Detail, "66000 cells")
	}
	require.Equal(t, 1000, alice.document(at+"?format=json&styles=true").Width)
}

func TestWhatCannotBeHadTogether(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`) + "/capture-pane"
	for query, field := range map[string]string{
		"format=json&join=true": "join", "format=png&join=true": "join", "format=json&escapes=true": "escapes", "format=svg&escapes=true": "escapes",
		"styles=true": "styles", "format=html&styles=true": "styles", "format=json&lines=3": "lines", "format=png&lines=3": "lines",
		"format=png&trim=true": "trim", "format=json&start=0": "format", "format=svg&end=0": "format", "format=json&lines=3000": "format",
		"format=png&wait=1&join=true": "join", "start=0&wait=0": "wait", "lines=2001&wait=1": "wait", "lines=3&end=1": "lines", "lines=2001&trim=true": "trim",
	} {
		p := alice.problem(alice.call("GET", at+"?"+query, ""), 422)
		require.Len(t, p.Errors, 1, query)
		require.Equal(t, field, p.Errors[0].Field, query)
		require.Greater(t, len(p.Errors[0].Detail), 20, "it says why")
	}
}
