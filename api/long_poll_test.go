package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// typeLine types a line and Enter into a session.
func (c *client) typeLine(at, line string) {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"keys": line})
	require.NoError(c.t, err)
	require.Equal(c.t, 204, c.call("POST", at+"/send-keys", string(body)).status)
}

// poll asks for the screen, unless it has the ETag; "" stands for no condition.
func (c *client) poll(at, etag string) answer {
	c.t.Helper()
	return c.call("GET", at, "", unless(etag))
}

// unless makes a request conditional: the screen is sent unless it has the ETag.
func unless(etag string) func(*http.Request) {
	return func(r *http.Request) {
		if etag != "" {
			r.Header.Set("If-None-Match", etag)
		}
	}
}

// held polls in a goroutine.
func (c *client) held(at, etag string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- c.poll(at, etag) }()
	return answers
}

func TestConditionalGet(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		at := alice.create(`{"command":["cat"]}`)
		alice.typeLine(at, "hello")
		alice.shows(at, "hello\nhello\n")
		capture := at + "/capture-pane"
		first := alice.poll(capture, "")
		etag := first.header.Get("ETag")
		unchanged := alice.poll(capture, `"x", W/`+etag)
		require.Equal(t, 304, unchanged.status)
		require.Empty(t, unchanged.body)
		require.Equal(t, etag, unchanged.header.Get("ETag"))
		require.Equal(t, 200, alice.poll(capture, `"x"`).status)
		require.Equal(t, etag, alice.poll(capture+"?trim=false", "").header.Get("ETag"))
		require.NotEqual(t, etag, alice.poll(capture+"?trim=true", "").header.Get("ETag"))
		alice.typeLine(at, "more")
		alice.shows(at, "hello\nhello\nmore\nmore\n")
		require.Equal(t, 200, alice.poll(capture, etag).status)
	})
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	capture := at + "/capture-pane"
	etag := alice.poll(capture, "").header.Get("ETag")

	require.Equal(t, 304, alice.poll(capture+"?wait=0.01", etag).status)
	require.Equal(t, 200, alice.poll(capture+"?wait=60", "").status, "without an ETag any screen is news")

	held := alice.held(capture+"?wait=60", etag)
	s.awaitHeld(1)
	alice.typeLine(at, "hello")
	a := <-held
	require.Equal(t, 200, a.status)
	require.Contains(t, a.body, "hello")

	etag = func() string {
		alice.shows(at, "hello\nhello\n")
		return alice.poll(capture, "").header.Get("ETag")
	}()
	held = alice.held(capture+"?wait=60", etag)
	s.awaitHeld(1)
	controltest.Tmux(t, s.socket, "send-keys", "-t", "session-1", "C-d")
	gone := alice.problem(<-held, 410)
	require.Equal(t, "exited", gone.SessionStatus)
	require.Equal(t, "exited", alice.problem(alice.poll(capture+"?wait=1", etag), 410).SessionStatus)
	alice.problem(alice.poll(capture, etag), 409)
	s.awaitHeld(0)
}

func TestLongPollEnds(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for name, ending := range map[string]struct {
		end    func(at, name string)
		status []string
	}{
		// tmux ends a session before its row is deleted: a long-poll that looks in
		// between is answered "exited".
		"deleted":      {func(at, _ string) { require.Equal(t, 204, alice.call("DELETE", at, "").status) }, []string{"deleted", "exited"}},
		"kill-session": {func(_, name string) { controltest.Tmux(t, s.socket, "kill-session", "-t", name) }, []string{"exited"}},
		"kill-server":  {func(string, string) { controltest.Tmux(t, s.socket, "kill-server") }, []string{"lost"}},
	} {
		at := alice.create(`{"command":["cat"]}`)
		etag := alice.poll(at+"/capture-pane", "").header.Get("ETag")
		held := alice.held(at+"/capture-pane?wait=60", etag)
		s.awaitHeld(1)
		ending.end(at, "session-"+at[strings.LastIndexByte(at, '/')+1:])
		require.Contains(t, ending.status, alice.problem(<-held, 410).SessionStatus, name)
		s.awaitHeld(0)
		s.onlyAnchors()
	}
}

func TestHeldRequestsAreBounded(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	capture := alice.create(`{"command":["cat"]}`) + "/capture-pane"
	etag := alice.poll(capture, "").header.Get("ETag")
	var all []<-chan answer
	for range maxHeldInTests {
		all = append(all, alice.held(capture+"?wait=60", etag))
	}
	s.awaitHeld(maxHeldInTests)
	a := alice.poll(capture+"?wait=60", etag)
	alice.problem(a, 429)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, 304, alice.poll(capture, etag).status, "a request without wait is not counted")

	his := bob.create(`{"command":["cat"]}`) + "/capture-pane"
	require.Equal(t, 304, bob.poll(his+"?wait=0.01", bob.poll(his, "").header.Get("ETag")).status, "each user has their own")

	s.server.stop() // as Shutdown does
	for _, held := range all {
		alice.problem(<-held, 503)
	}
	s.awaitHeld(0)
}

func TestWaitIsChecked(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	for _, wait := range []string{"", "-1", "61", "60.1", "1e1", "x", "NaN", "1.", ".5", "+1", "100"} {
		p := c.problem(c.call("GET", at+"/capture-pane?wait="+strings.ReplaceAll(wait, "+", "%2B"), ""), 422)
		require.Equal(t, "wait", p.Errors[0].Field, wait)
	}
}

// A wait that is over before the first capture is answered as a request without one.
func TestShortestWait(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	capture := alice.create(`{"command":["sh","-c","while :; do echo x; done"]}`) + "/capture-pane"
	for range 200 {
		require.Equal(t, 200, alice.poll(capture+"?wait=0.000000001", "").status)
	}
}

// A long-poll that comes while the server stops gets 503, or the screen if the capture
// was quicker than the stop: a select takes either when both are ready.
func TestHeldWhileStopping(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	s.server.stop() // as Shutdown does
	stopped := 0
	for range 20 {
		at := alice.create(`{"command":["cat"]}`) // nobody has looked at it
		if a := alice.poll(at+"/capture-pane?wait=1", ""); a.status != 200 {
			require.Equal(t, "urn:interplexer:problem:stopping", alice.problem(a, 503).Type)
			stopped++
		}
	}
	require.NotZero(t, stopped)
}
