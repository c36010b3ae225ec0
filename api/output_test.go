package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// output asks for the output of a session. The query begins with "?", or is empty.
func (c *client) output(at, query string) (o outputSinceJSON) {
	c.t.Helper()
	a := c.call("GET", at+"/output"+query, "")
	require.Equal(c.t, 200, a.status, a.body)
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &o))
	return o
}

// outputUntil is the output from a cursor on, until it ends with a text, and the cursor
// after it.
func (c *client) outputUntil(at, cursor, text string) (all, next string) {
	c.t.Helper()
	for !strings.HasSuffix(all, text) {
		o := c.output(at, "?wait=20&since="+cursor)
		require.NotEmpty(c.t, o.Data, "%q so far", all)
		all, cursor = all+string(o.Data), o.Next
	}
	return all, cursor
}

func TestOutput(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		at := alice.create(`{"command":["sh","-c","stty raw -echo; printf ready; exec cat"]}`)
		alice.shows(at, "ready\n")
		now := alice.output(at, "")
		require.Empty(t, now.Data)
		require.Equal(t, alice.session(at).Panes[0].ID, now.Pane)
		require.Equal(t, now, alice.output(at, "?wait=0.01&since="+now.Next), "the time is up")

		require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"hex":"00ff1b5b6dc3"}`).status)
		all, next := alice.outputUntil(at, now.Next, "\x00\xff\x1b[m\xc3")
		require.Equal(t, "\x00\xff\x1b[m\xc3", all)
		require.Equal(t, uint64(6), alice.output(at, "?since="+next).Offset-now.Offset)
		again := alice.output(at, "?since="+now.Next+"&pane="+url.QueryEscape(now.Pane))
		require.Equal(t, all, string(again.Data), "reading output does not consume it")

		raw := alice.call("GET", at+"/output?since="+now.Next, "", accept("text/html;q=0, application/octet-stream"))
		require.Equal(t, 200, raw.status)
		require.Equal(t, all, raw.body)
		require.Equal(t, next, raw.header.Get("Output-Next"))
		require.Equal(t, now.Pane, raw.header.Get("Output-Pane"))
		require.Equal(t, now.Next[strings.LastIndexByte(now.Next, '.')+1:], raw.header.Get("Output-Offset"))
		require.Equal(t, "application/json", alice.call("GET", at+"/output", "", accept("application/json, application/octet-stream")).header.Get("Content-Type"))
	})
}

func accept(kinds string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Accept", kinds) }
}

// The ids of events are cursors: a client of events can go on with /output.
func TestOutputAfterAnEvent(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	events := alice.stream(at+"/events", "")
	events.until("screen", anyEvent)
	alice.typeLine(at, "one")
	var got []byte
	last := events.until("output", func(e event) bool {
		data, err := base64.StdEncoding.DecodeString(e.data["data"].(string))
		require.NoError(t, err)
		got = append(got, data...)
		return string(got) == "one\r\none\r\n"
	})
	alice.typeLine(at, "two")
	all, _ := alice.outputUntil(at, last.id, "two\r\ntwo\r\n")
	require.Equal(t, "two\r\ntwo\r\n", all)
}

func TestOutputIsGone(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at, other := alice.create(`{"command":["cat"]}`), alice.create(`{"command":["cat"]}`)
	gone := func(at, query string) {
		t.Helper()
		p := alice.problem(alice.call("GET", at+"/output"+query, ""), 410)
		require.Equal(t, "urn:interplexer:problem:output-gone", p.Type)
	}
	cursor, others := alice.output(at, "").Next, alice.output(other, "")
	gone(at, "?since="+others.Next)
	gone(at, "?since="+cursor[:strings.LastIndexByte(cursor, '.')]+".99")
	gone(at, "?since=99.0123456789ab.0")
	gone(other, "?since="+cursor+"&pane="+url.QueryEscape(others.Pane))
	pane, _, _ := strings.Cut(cursor, ".")
	gone(at, "?since="+pane+".0123456789ab.0")

	alice.typeLine(at, strings.Repeat("x", 1000))
	alice.outputUntil(at, cursor, "x\r\n")
	flooding := alice.create(`{"command":["sh","-c","read x; seq 200000; exec cat"]}`)
	before := alice.output(flooding, "").Next
	alice.typeLine(flooding, "")
	require.Eventually(t, func() bool {
		return alice.call("GET", flooding+"/output?since="+before, "").status == 410
	}, 20*time.Second, 10*time.Millisecond)

	s.domain.KillHub()
	require.Eventually(t, func() bool {
		return alice.call("GET", at+"/output?since="+cursor, "").status == 410
	}, 20*time.Second, 10*time.Millisecond, "the output between two hubs is lost")
	after := alice.output(at, "").Next
	alice.typeLine(at, "on")
	alice.outputUntil(at, after, "on\r\non\r\n")

	bob := s.user("bob", false)
	bob.problem(bob.call("GET", at+"/output?since="+after, ""), 404)
	alice.problem(alice.call("GET", at+"/output?pane=%2599", ""), 404)
}

func TestHeldOutputEnds(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	controltest.Tmux(t, s.socket, "split-window", "-d", "-t", "session-1", "cat")
	hold := func(query string) <-chan answer {
		answers := make(chan answer, 1)
		go func() { answers <- alice.call("GET", at+"/output"+query, "") }()
		s.awaitHeld(1)
		return answers
	}
	second := alice.session(at).Panes[1].ID
	held := hold("?wait=60&since=" + alice.output(at, "?pane="+url.QueryEscape(second)).Next)
	controltest.Tmux(t, s.socket, "kill-pane", "-t", second)
	require.Equal(t, paneClosed, alice.problem(<-held, 410).SessionStatus)

	held = hold("?wait=60&since=" + alice.output(at, "").Next)
	controltest.Tmux(t, s.socket, "kill-session", "-t", "session-1")
	require.Equal(t, string(session.Exited), alice.problem(<-held, 410).SessionStatus)
	require.Equal(t, "exited", alice.problem(alice.call("GET", at+"/output", ""), 410).SessionStatus)

	at = alice.create(`{"command":["cat"]}`)
	held = hold("?wait=60&since=" + alice.output(at, "").Next)
	s.server.stop() // as Shutdown does
	alice.problem(<-held, 503)
	s.awaitHeld(0)
}

func TestOutputIsChecked(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	for query, field := range map[string]string{
		"?since=": "since", "?since=1234": "since", "?since=%255.0123456789ab.1": "since", "?since=5.0123456789AB.1": "since",
		"?since=5.0123456789ab.1.x": "since", "?pane=": "pane", "?wait=1": "wait", "?since=5.0123456789ab.1&wait=61": "wait",
		"?since=5.0123456789ab.99999999999999999999": "since", "?from=1": "from",
	} {
		p := c.problem(c.call("GET", at+"/output"+query, ""), 422)
		require.Equal(t, field, p.Errors[0].Field, query)
	}
}
