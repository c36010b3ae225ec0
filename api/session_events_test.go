package api

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/sessiontest"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// event is one server-sent event.
type event struct {
	id, name string
	data     map[string]any
	raw      string
}

// stream is a stream of events that the test reads.
type stream struct {
	t      *testing.T
	lines  *bufio.Reader
	cancel context.CancelFunc
	status int
	header http.Header
}

func (c *client) stream(path, lastEventID string) *stream {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r, err := http.NewRequestWithContext(ctx, "GET", c.url+path, nil)
	require.NoError(c.t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	c.t.Cleanup(func() {
		cancel()
		response.Body.Close()
	})
	return &stream{t: c.t, lines: bufio.NewReaderSize(response.Body, 1<<20), cancel: cancel, status: response.StatusCode, header: response.Header}
}

// next waits for the next event. ok is false at the end of the stream.
func (s *stream) next() (e event, ok bool) {
	s.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return e, false
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.raw = value
			require.NoError(s.t, json.Unmarshal([]byte(value), &e.data))
		case "":
			if e.name != "" {
				return e, true
			}
		}
	}
}

// until reads events until one has a name and satisfies a condition, and returns it.
func (s *stream) until(name string, condition func(event) bool) event {
	s.t.Helper()
	for {
		e, ok := s.next()
		require.True(s.t, ok, "the stream ended before %s", name)
		if e.name == name && condition(e) {
			return e
		}
	}
}

func anyEvent(event) bool { return true }

func TestScreenEvents(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	events := alice.stream(at+"/events?events=screen,resize,window,exit", "")
	require.Equal(t, 200, events.status)
	require.Equal(t, "text/event-stream", events.header.Get("Content-Type"))
	first := events.until("screen", anyEvent)
	require.Equal(t, 80.0, first.data["width"])
	alice.typeLine(at, "hello")
	e := events.until("screen", func(e event) bool { return strings.HasPrefix(e.data["text"].(string), "hello\nhello\n") })
	poll := alice.poll(at+"/capture-pane", "")
	require.Equal(t, poll.body, e.data["text"])
	require.Equal(t, poll.header.Get("ETag"), e.data["etag"])

	controltest.Tmux(t, s.socket, "resize-window", "-t", "session-1", "-x", "100", "-y", "30")
	e = events.until("resize", anyEvent)
	require.Equal(t, [2]any{100.0, 30.0}, [2]any{e.data["width"], e.data["height"]})
	controltest.Tmux(t, s.socket, "split-window", "-t", "session-1", "cat")
	e = events.until("window", func(e event) bool { return len(e.data["panes"].([]any)) == 2 })
	controltest.Tmux(t, s.socket, "kill-session", "-t", "session-1")
	require.Equal(t, "exited", events.until("exit", anyEvent).data["status"])
	_, more := events.next()
	require.False(t, more)
	s.awaitHeld(0)
	s.onlyAnchors()
}

// The text that the lines of the diffs make is the text of a poll.
func TestScreenDiffs(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","i=0; while [ $i -lt 200 ]; do i=$((i+1)); printf '\\033[%d;%dH<%d>' $((i%24+1)) $((i*7%70+1)) $i; [ $((i%50)) = 0 ] && printf '\\033[2J'; done; printf '\\033[24;1Hdone'; cat"]}`)
	events := alice.stream(at+"/events?diff=lines&events=screen", "")
	var lines []string
	etag := ""
	for {
		e := events.until("screen", anyEvent)
		if text, whole := e.data["text"]; whole {
			lines = strings.Split(text.(string), "\n")
		} else {
			require.Equal(t, etag, e.data["base"])
			for at, line := range e.data["lines"].(map[string]any) {
				n, err := strconv.Atoi(at)
				require.NoError(t, err)
				lines[n] = line.(string)
			}
		}
		etag = e.data["etag"].(string)
		if strings.Contains(strings.Join(lines, "\n"), "done") {
			break
		}
	}
	poll := alice.poll(at+"/capture-pane", etag)
	require.Equal(t, 304, poll.status)
	require.Equal(t, alice.poll(at+"/capture-pane", "").body, strings.Join(lines, "\n"))
}

// After a reconnect the output goes on without a gap or a duplicate.
func TestOutputResumes(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","read x; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; done; echo end; cat"]}`)
	events := alice.stream(at+"/events", "")
	first := events.until("screen", anyEvent)
	alice.typeLine(at, "go")
	var got strings.Builder
	last, n := first.id, 0
	for !strings.Contains(got.String(), "end\r\n") {
		e, ok := events.next()
		require.True(t, ok)
		require.NotEqual(t, "resync", e.name)
		last = e.id
		if e.name == "output" {
			got.Write(decodeBase64(t, e.data["data"].(string)))
			if n++; n%3 == 0 {
				events.cancel()
				events = alice.stream(at+"/events", last)
			}
		}
	}
	var want strings.Builder
	want.WriteString("go\r\n")
	for i := range 3000 {
		fmt.Fprintf(&want, "%d\r\n", i+1)
	}
	require.Equal(t, want.String()+"end\r\n", got.String())

	// A Last-Event-ID that is no place in this stream is answered with a resync.
	pane, rest, _ := strings.Cut(last, ".")
	_, offset, _ := strings.Cut(rest, ".")
	resync := alice.stream(at+"/events", pane+".0123456789ab."+offset)
	resync.until("resync", anyEvent)
	e, ok := resync.next()
	require.True(t, ok)
	require.Equal(t, "screen", e.name, "a fresh screen follows")
}

func TestTimedFloodIsResynchronised(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	quiet := alice.create(`{"command":["cat"]}`)
	flood := alice.create(`{"command":["yes"]}`)
	stalled := alice.stream(flood+"/events", "") // not read from here on
	stalled.until("screen", anyEvent)
	events := alice.stream(flood+"/events", "")
	events.until("resync", anyEvent)
	events.until("screen", anyEvent)

	other := alice.stream(quiet+"/events?events=screen", "")
	other.until("screen", anyEvent)
	alice.typeLine(quiet, "hello")
	other.until("screen", func(e event) bool { return strings.Contains(e.data["text"].(string), "hello") })
	require.Equal(t, 204, alice.call("DELETE", flood, "").status)
	events.until("exit", anyEvent)
}

// Most output of a flood is skipped, and each skip is reported by a resync: the output
// between two of them has no gap. A busy machine prints too slowly to be skipped.
func TestTimedFloodResyncsAtEveryGap(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["seq","1000000000"]}`)
	events := alice.stream(at+"/events?events=output", "")
	var c sessiontest.Counting
	for resyncs := 0; resyncs < 3; {
		e, ok := events.next()
		require.True(t, ok)
		switch e.name {
		case "output":
			c.Output(decodeBase64(t, e.data["data"].(string)))
		case "resync":
			require.NoError(t, c.Check())
			resyncs++
		}
	}
}

func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	at := alice.create(`{"command":["cat"]}`)
	require.Equal(t, 404, bob.stream(at+"/events", "").status)
	alice.problem(alice.call("GET", at+"/events?events=x", ""), 422)
	alice.problem(alice.call("GET", at+"/events?diff=x", ""), 422)
	alice.problem(alice.call("GET", at+"/events?pane=%25999", ""), 404)
	events, list := alice.stream(at+"/events", ""), alice.stream("/api/events", "")
	events.until("screen", anyEvent)
	list.until("hello", anyEvent)
	controltest.Tmux(t, s.socket, "kill-server")
	require.Equal(t, "lost", events.until("exit", anyEvent).data["status"])
	list.until("session", func(e event) bool { return e.data["change"] == "ended" })
	s.server.stop()
	_, more := list.next()
	require.False(t, more)
	alice.problem(alice.call("GET", at+"/events", ""), 410)
}

// After a gap, such as that of a killed hub, the first event is the resync, though the
// next screen is not due for a while.
func TestResyncComesFirst(t *testing.T) {
	t.Parallel()
	s := startServiceWith(t, dbtest.Open(t, db.SQLite), func(o *Options) { o.ScreenInterval = 2 * time.Second })
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","while :; do echo x; sleep 0.01; done"]}`)
	events := alice.stream(at+"/events?events=output", "")
	epoch := func(e event) string { return strings.Split(e.id, ".")[1] }
	before := epoch(events.until("output", anyEvent))
	s.domain.KillHub()
	for {
		e, more := events.next()
		require.True(t, more)
		if epoch(e) != before {
			require.Equal(t, "resync", e.name, e.raw)
			break
		}
	}
	events.until("output", anyEvent)
}

func TestListEvents(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice, bob := s.user("alice", false), s.user("bob", false)
		events, his := alice.stream("/api/events", ""), bob.stream("/api/events", "")
		require.Empty(t, events.until("hello", anyEvent).data["sessions"])
		his.until("hello", anyEvent)
		at := alice.create(`{"command":["cat"],"name":"build"}`)
		change := func(kind string) map[string]any {
			return events.until("session", func(e event) bool { return e.data["change"] == kind }).data["session"].(map[string]any)
		}
		require.Equal(t, "build", change("created")["name"])
		require.Equal(t, "running", change("status")["status"])
		controltest.Tmux(t, s.socket, "kill-session", "-t", "session-1")
		require.Equal(t, "exited", change("ended")["status"])
		require.Equal(t, 204, alice.call("DELETE", at, "").status)
		change("deleted")

		mine := bob.create(`{"command":["cat"]}`)
		require.Equal(t, 204, bob.call("DELETE", mine, "").status)
		e := his.until("session", anyEvent)
		require.Equal(t, "bob", e.data["session"].(map[string]any)["user"], "bob does not get alice's changes: %s", e.raw)
	})
}

func decodeBase64(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return data
}
