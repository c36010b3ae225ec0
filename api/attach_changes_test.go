package api

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"interplexer/api/session/sessiontest"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// drain reads until the server has nothing to send: its response to a later ping comes
// after the rest.
func (a *attached) drain() {
	a.t.Helper()
	for before := -1; before != len(a.written); {
		before = len(a.written)
		for range 10 {
			a.send(websocket.MessageText, `{"type":"ping","id":1}`)
			a.frame("pong")
		}
	}
}

func TestAttachedSize(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	for range 8 {
		alice.typeLine(at, strings.Repeat("long and wide 漢字 ", 7))
	}
	a := alice.attach(at, "")
	a.awaitText("\x1b[?25h")
	for _, size := range [][2]int{{60, 20}, {113, 31}, {20, 5}, {80, 24}} {
		a.send(websocket.MessageText, fmt.Sprintf(`{"type":"resize","width":%d,"height":%d}`, size[0], size[1]))
		resized := a.frame("resize")
		require.Equal(t, [2]any{float64(size[0]), float64(size[1])}, [2]any{resized["width"], resized["height"]})
		a.frame("resync")
		a.awaitText("\x1b[?25h")
		a.size = size
		line := fmt.Sprintf("now %d", size[0])
		alice.typeLine(at, line)
		for !regexp.MustCompile(`(?s)` + line + `\r\n.*` + line + `\r\n`).Match(a.written) {
			require.NoError(t, a.read())
		}
		sessiontest.AwaitSettled(t, s.socket, "session-1")
		a.drain()
		require.Equal(t, sessiontest.TerminalState(t, s.socket, "session-1"), a.emulate(s.socket), size)
	}
}

func TestAttachedPaneChanges(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	first := alice.session(at).Panes[0].ID
	a, named := alice.attach(at, ""), alice.attach(at, "?pane=%25"+first[1:])
	a.frame("ready")
	named.frame("ready")
	controltest.Tmux(t, s.socket, "split-window", "-t", "session-1", "cat")
	second := a.frame("resync")["pane"]
	require.NotEqual(t, first, second)
	a.awaitText("\x1b[?25h")
	named.frame("resync") // it has become smaller
	named.awaitText("\x1b[?25h")
	a.send(websocket.MessageBinary, "to the second\r")
	a.awaitText("to the second\r\nto the second")
	named.send(websocket.MessageBinary, "to the first\r")
	named.awaitText("to the first\r\nto the first")
	require.NotContains(t, string(a.written), "to the first")

	controltest.Tmux(t, s.socket, "kill-pane", "-t", first)
	require.Equal(t, "pane-closed", named.frame("exit")["status"], "the session goes on")
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(named.read()))
	a.frame("resync") // it has become larger
	a.awaitText("\x1b[?25h")
	a.send(websocket.MessageBinary, "still\r")
	a.awaitText("still\r\nstill")
}

// The last frame says how the session ended. tmux ends a session before its row is
// deleted: a client that looks in between gets "exited", not "deleted".
func TestAttachSaysHowItEnds(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for _, ending := range []struct {
		end    func(at, name string)
		status []any
	}{
		{func(at, _ string) { require.Equal(t, 204, alice.call("DELETE", at, "").status) }, []any{"deleted", "exited"}},
		{func(_, name string) { controltest.Tmux(t, s.socket, "kill-session", "-t", name) }, []any{"exited"}},
		{func(_, name string) { controltest.Tmux(t, s.socket, "kill-pane", "-t", name) }, []any{"exited"}},
		{func(string, string) { controltest.Tmux(t, s.socket, "kill-server") }, []any{"lost"}},
	} {
		at := alice.create(`{"command":["cat"]}`)
		one, two := alice.attach(at, ""), alice.attach(at, "?mode=view")
		for _, a := range []*attached{one, two} {
			a.awaitText("\x1b[?25h")
		}
		ending.end(at, "session-"+at[strings.LastIndexByte(at, '/')+1:])
		for _, a := range []*attached{one, two} {
			require.Contains(t, ending.status, a.frame("exit")["status"])
			require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(a.read()))
		}
		s.awaitHeld(0)
		s.onlyAnchors()
	}
}

func TestDrainWaitsForAttached(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	a := alice.attach(alice.create(`{"command":["cat"]}`), "")
	a.awaitText("\x1b[?25h")
	bounded, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.server.Drain(bounded), context.DeadlineExceeded)
	s.server.stop() // as Shutdown does
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(a.read()))
	require.NoError(t, s.server.Drain(t.Context()))
	require.Zero(t, s.registry.Stats().Held)
}

// Clients that the server is writing to get the close frame of the stop, too.
func TestTimedStopDuringAFlood(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["yes"]}`)
	var all []*attached
	for range 4 {
		a := alice.attach(at, "")
		a.awaitText("y\r\ny")
		all = append(all, a)
	}
	s.server.stop()
	for _, a := range all {
		var err error
		for err == nil {
			err = a.read()
		}
		require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	}
	require.NoError(t, s.server.Drain(t.Context()))
}

func TestAttachLimits(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	large := alice.attach(at, "")
	large.frame("ready")
	_ = large.conn.Write(large.ctx, websocket.MessageBinary, make([]byte, maxFrame+1)) // it may be closed before its end
	var err error
	for err == nil {
		err = large.read()
	}
	require.Equal(t, websocket.StatusMessageTooBig, websocket.CloseStatus(err))
	s.awaitHeld(0)

	for range maxHeldInTests {
		alice.attach(at, "").frame("ready")
	}
	_, response, err := websocket.Dial(t.Context(), alice.url+at+"/attach", &websocket.DialOptions{
		HTTPHeader: map[string][]string{"Authorization": {"Bearer " + alice.token}},
	})
	require.Error(t, err)
	require.Equal(t, 429, response.StatusCode)
	require.NoError(t, response.Body.Close())
}

func TestAttachWithoutSubprotocol(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	conn, response, err := websocket.Dial(t.Context(), alice.url+at+"/attach/", &websocket.DialOptions{
		HTTPHeader: map[string][]string{"Authorization": {"Bearer " + alice.token}, "Origin": {alice.url}},
	})
	require.NoError(t, err)
	defer conn.CloseNow()
	require.Equal(t, 101, response.StatusCode)
	require.Empty(t, conn.Subprotocol())
	_, text, err := conn.Read(t.Context())
	require.NoError(t, err)
	require.Contains(t, string(text), `"ready"`)
}

// A client that counts gets a repaint after each gap of a flood. The lines of each
// repaint and of the output after it count up by one.
func TestTimedAttachedFloodReportsEveryGap(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	a := alice.attach(alice.create(`{"command":["seq","1000000000"]}`), "?mode=view")
	var c sessiontest.Counting
	for c.Followed < 400_000 {
		kind, data, err := a.conn.Read(a.ctx)
		require.NoError(t, err)
		switch {
		case kind == websocket.MessageText:
		case strings.HasPrefix(string(data), "\x1b[!p"):
			require.NoError(t, c.Repaint(data))
		default:
			c.Output(data)
		}
	}
	require.NoError(t, c.Check())
}
