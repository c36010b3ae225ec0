package api

import (
	"encoding/json"
	"fmt"
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

// drawing creates a session of 20 by 5 cells whose program clears the screen for each
// line that is typed, and gives the line to printf. It returns the session's path.
func (c *client) drawing() string {
	c.t.Helper()
	at := c.create(`{"width":20,"height":5,"command":["sh","-c","stty -echo; printf ready; while read -r x; do printf '\\033[H\\033[2J\\033[3J'; printf \"$x\"; done"]}`)
	c.awaitBody(at+"/capture-pane", "ready")
	return at
}

// awaitBody asks until the body of the response holds a text.
func (c *client) awaitBody(url, text string) {
	c.t.Helper()
	body := ""
	require.Eventually(c.t, func() bool {
		body = c.call("GET", url, "").body
		return strings.Contains(body, text)
	}, 20*time.Second, time.Millisecond, "%s: %q", url, text)
}

// One capture of each kind of text: of the screen, of the last lines, of lines by
// their numbers, joined, trimmed and with escape sequences. package live and package
// registry test all of them.
func TestTextVariants(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice, bob := s.user("alice", false), s.user("bob", false)
		at := alice.drawing()
		capture := at + "/capture-pane"
		alice.typeLine(at, `1\n\033[31mred\033[0m\n%025d\n\033[1m4\n5\n6`)
		alice.awaitBody(capture, "\n6\n")
		zeros := strings.Repeat("0", 20)
		for query, want := range map[string]string{
			"":                            "00000\n4\n5\n6\n",
			"lines=3":                     "4\n5\n6\n",
			"lines=2000&trim=true":        "1\nred\n" + zeros + "\n00000\n4\n5\n6\n",
			"lines=4&join=true":           zeros + "00000\n4\n5\n6\n",
			"lines=3000&join=true":        "1\nred\n" + zeros + "00000\n4\n5\n6\n",
			"start=-&join=true":           "1\nred\n" + zeros + "00000\n4\n5\n6\n",
			"start=-2&end=-1":             "1\nred\n",
			"start=-1&end=-1&format=ansi": "\x1b[31mred",
			"lines=6&format=ansi":         "\x1b[31mred",
			"lines=2&escapes=true":        "\x1b[1m5",
		} {
			got := alice.call("GET", capture+"?"+query, "")
			require.Equal(t, 200, got.status, "%s: %s", query, got.body)
			require.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
			if strings.HasPrefix(want, "\x1b") {
				require.Contains(t, strings.ReplaceAll(got.body, "\x1b[0m", ""), want, query)
			} else {
				require.True(t, strings.HasSuffix(got.body, want), "%s: %q", query, got.body)
			}
			require.Equal(t, 404, bob.call("GET", capture+"?"+query, "").status, query)
			require.Equal(t, 404, alice.call("GET", capture+"?pane=%25999&"+query, "").status, query)
		}
		require.Equal(t, alice.call("GET", capture+"?lines=4&join=true", "").body, alice.call("POST", capture, `{"lines":4,"join":true}`).body)
	})
}

// Each variant has an ETag, by which a request gets 304, and a long-poll waits for its
// change, also for one that plain text does not show.
func TestConditionalVariants(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.drawing()
	capture := at + "/capture-pane"
	alice.typeLine(at, `one`)
	alice.awaitBody(capture, "one")
	for i, query := range []string{
		"format=ansi", "lines=7&escapes=true", "format=json&styles=true", "format=json&styles=true&trim=true", "format=html", "format=svg", "format=png",
	} {
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
		alice.typeLine(at, fmt.Sprintf(`\033[%dmone`, 31+i%6)) // only the style is another
		got := <-held
		require.Equal(t, 200, got.status, query)
		require.NotEqual(t, etag, got.header.Get("ETag"))
		s.awaitHeld(0)
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

// Each format has its media type, holds the screen, and is the same by POST. A page
// may do nothing. Package live tests the contents.
func TestFormats(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	at := alice.drawing()
	capture := at + "/capture-pane"
	alice.typeLine(at, `\033[31m<b>\033[0m\033[?25l`)
	alice.awaitBody(capture, "<b>")
	for format, want := range map[string]struct{ mediaType, part string }{
		"json": {"application/json", `"lines":["<b>",`},
		"html": {"text/html; charset=utf-8", `<span style="color:#cd0000;">&lt;b&gt;</span>`},
		"svg":  {"image/svg+xml", `fill="#cd0000">&lt;b&gt;</text>`},
		"png":  {"image/png", "PNG"},
	} {
		got := alice.call("GET", capture+"?format="+format, "")
		require.Equal(t, 200, got.status)
		require.Equal(t, want.mediaType, got.header.Get("Content-Type"))
		require.Contains(t, got.body, want.part)
		require.Equal(t, got.body, alice.call("POST", capture, `{"format":"`+format+`"}`).body)
		if format == "html" || format == "svg" {
			require.Contains(t, got.header.Get("Content-Security-Policy"), "sandbox")
		}
		require.Equal(t, 404, bob.call("GET", capture+"?format="+format, "").status)
	}
	var screen struct{ Runs [][]map[string]any }
	require.NoError(t, json.Unmarshal([]byte(alice.call("GET", capture+"?format=json&styles=true", "").body), &screen))
	require.Equal(t, []map[string]any{{"x": 0.0, "width": 3.0, "text": "<b>", "fg": "red"}}, screen.Runs[0])
}

// Options that do not go together are refused, with the field and the reason.
func TestOptionsThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`) + "/capture-pane"
	for query, field := range map[string]string{
		"format=json&join=true": "join", "format=png&join=true": "join", "format=json&escapes=true": "escapes", "format=svg&escapes=true": "escapes",
		"styles=true": "styles", "format=html&styles=true": "styles", "format=json&lines=3": "lines", "format=png&lines=3": "lines",
		"format=png&trim=true": "trim", "format=json&start=0": "format", "format=svg&end=0": "format", "format=json&lines=3000": "format",
		"format=png&wait=1&join=true": "join", "start=0&wait=0": "wait", "lines=2001&wait=1": "wait", "lines=3&end=1": "lines", "lines=2001&trim=true": "trim", "lines=3000&end=3": "lines",
	} {
		p := alice.problem(alice.call("GET", at+"?"+query, ""), 422)
		require.Len(t, p.Errors, 1, query)
		require.Equal(t, field, p.Errors[0].Field, query)
		require.Greater(t, len(p.Errors[0].Detail), 20, "it says why")
	}
}
