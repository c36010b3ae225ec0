package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
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

// attached is a WebSocket to a session that the test reads.
type attached struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
	// written is the bytes that the terminal was sent since the last repaint began.
	written []byte
	text    []map[string]any // text frames that no call of frame has returned yet
	size    [2]int           // of the emulator; zero: 80x24
}

func (c *client) attach(at, query string) *attached {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	conn, response, err := websocket.Dial(ctx, c.url+at+"/attach"+query, &websocket.DialOptions{
		Subprotocols: []string{subprotocol}, HTTPHeader: http.Header{"Authorization": {"Bearer " + c.token}},
	})
	require.NoError(c.t, err)
	require.Equal(c.t, 101, response.StatusCode)
	require.Equal(c.t, subprotocol, conn.Subprotocol())
	conn.SetReadLimit(1 << 20)
	c.t.Cleanup(func() {
		conn.CloseNow()
		cancel()
	})
	return &attached{t: c.t, ctx: ctx, conn: conn}
}

// read waits for one frame.
func (a *attached) read() error {
	kind, data, err := a.conn.Read(a.ctx)
	if err != nil {
		return err
	}
	if kind == websocket.MessageBinary {
		a.written = append(a.written, data...)
		return nil
	}
	var frame map[string]any
	require.NoError(a.t, json.Unmarshal(data, &frame))
	if frame["type"] == "resync" {
		a.written = nil
	}
	a.text = append(a.text, frame)
	return nil
}

// frame waits for a text frame of a type, and returns it.
func (a *attached) frame(kind string) map[string]any {
	a.t.Helper()
	for {
		for i, f := range a.text {
			if f["type"] == kind {
				a.text = a.text[i+1:]
				return f
			}
		}
		require.NoError(a.t, a.read(), "before %s", kind)
	}
}

// awaitText reads until the terminal was sent a text since its last repaint.
func (a *attached) awaitText(text string) {
	a.t.Helper()
	for !bytes.Contains(a.written, []byte(text)) {
		require.NoError(a.t, a.read(), "before %q", text)
	}
}

func (a *attached) send(kind websocket.MessageType, data string) {
	a.t.Helper()
	require.NoError(a.t, a.conn.Write(a.ctx, kind, []byte(data)))
}

// emulate is the state of another terminal that was sent the same.
func (a *attached) emulate(socket string) string {
	a.t.Helper()
	size := cmp.Or(a.size, [2]int{80, 24})
	return sessiontest.Emulate(a.t, socket, size[0], size[1], a.written)
}

// A repaint and the output after it bring a terminal to the state of the pane, also
// when the program writes meanwhile.
func TestAttachFollows(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo \"\\033[3$((i%8))m$i\\033[0m\"; done; stty -echo; printf 'the end'; exec cat"]}`)
	var all []*attached
	for range 4 {
		all = append(all, alice.attach(at, "?mode=view"))
	}
	for _, a := range all {
		a.awaitText("the end")
		require.Equal(t, sessiontest.TerminalState(t, s.socket, "session-1"), a.emulate(s.socket))
	}
	late := alice.attach(at, "")
	ready := late.frame("ready")
	require.Equal(t, [3]any{80.0, 24.0, "edit"}, [3]any{ready["width"], ready["height"], ready["mode"]})
	late.awaitText("\x1b[?25h")
	require.Equal(t, sessiontest.TerminalState(t, s.socket, "session-1"), late.emulate(s.socket))
}

func TestAttachTypes(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	file := filepath.Join(t.TempDir(), "typed")
	at := alice.create(`{"command":["sh","-c","stty raw -echo; echo ready; exec cat > ` + file + `"]}`)
	a := alice.attach(at, "")
	a.awaitText("ready")
	var want []byte
	for b := range 256 {
		want = append(want, byte(b))
		a.send(websocket.MessageBinary, string([]byte{byte(b)}))
	}
	for range 20 {
		want = append(want, "\xffabc\x00é\r\n\x1b[A"...)
		a.send(websocket.MessageBinary, "\xffabc\x00é\r\n\x1b[A")
	}
	require.Eventually(t, func() bool {
		got, err := os.ReadFile(file)
		return err == nil && bytes.Equal(want, got)
	}, 10*time.Second, 10*time.Millisecond)

	a.send(websocket.MessageText, `{"type":"ping","id":[1,"x"]}`)
	require.Equal(t, []any{1.0, "x"}, a.frame("pong")["id"])
	a.send(websocket.MessageText, `{"type":"resize","width":100,"height":30}`)
	size := a.frame("resize")
	require.Equal(t, [2]any{100.0, 30.0}, [2]any{size["width"], size["height"]})
	for _, bad := range []string{`x`, `{}`, `{"type":"x"}`, `{"type":"resize","width":0,"height":1}`, `{"type":"resize","width":10001,"height":1}`, `{"type":"ping","x":1}`} {
		a.send(websocket.MessageText, bad)
		require.NotEmpty(t, a.frame("error")["detail"], bad)
	}

	viewer := alice.attach(at, "?mode=view")
	require.Equal(t, "view", viewer.frame("ready")["mode"])
	viewer.send(websocket.MessageBinary, "no")
	viewer.frame("error")
	viewer.send(websocket.MessageText, `{"type":"resize","width":90,"height":20}`)
	viewer.frame("error")
	require.Equal(t, "100 30\n", controltest.Tmux(t, s.socket, "display-message", "-p", "-t", "session-1", "#{window_width} #{window_height}"))
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestAttachEnds(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice, bob := s.user("alice", false), s.user("bob", false)
	at := alice.create(`{"command":["cat"]}`)
	upgrade := func(r *http.Request) {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		r.Header.Set("Sec-WebSocket-Version", "13")
		r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	}
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	a := alice.call("GET", at+"/attach", "")
	alice.problem(a, 426)
	require.Equal(t, "websocket", a.header.Get("Upgrade"))
	bob.problem(bob.call("GET", at+"/attach", "", upgrade), 404)
	alice.problem(alice.call("GET", at+"/attach", "", upgrade, with("Origin", "https://evil.example")), 403)
	alice.problem(alice.call("GET", at+"/attach", "", upgrade, with("Sec-WebSocket-Protocol", "chat")), 400)
	alice.problem(alice.call("GET", at+"/attach?mode=x", "", upgrade), 422)
	alice.problem(alice.call("GET", at+"/attach?pane=%25999", "", upgrade), 404)

	one := alice.attach(at, "")
	one.awaitText("\x1b[?25h")
	one.send(websocket.MessageBinary, "\x04")
	require.Equal(t, "exited", one.frame("exit")["status"])
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(one.read()))
	alice.problem(alice.call("GET", at+"/attach", "", upgrade), 410)

	two := alice.attach(alice.create(`{"command":["cat"]}`), "")
	two.frame("ready")
	s.server.stop()
	for {
		if err := two.read(); err != nil {
			require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
			break
		}
	}
	s.awaitHeld(0)
}

func TestStreamsSurviveTheHub(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	a, events := alice.attach(at, ""), alice.stream(at+"/events", "")
	a.awaitText("\x1b[?25h")
	events.until("screen", anyEvent)
	for _, word := range []string{"one", "two"} {
		s.domain.KillHub()
		a.frame("resync")
		a.awaitText("\x1b[?25h")
		alice.typeLine(at, word)
		a.awaitText(word)
		events.until("screen", func(e event) bool { return strings.Count(e.data["text"].(string), word) == 2 })
	}
}

// The connection of a client that does not read is closed, and it delays nobody else.
func TestTimedStuckClientsAreClosed(t *testing.T) {
	t.Parallel()
	s := startServiceWith(t, dbtest.Open(t, db.SQLite), func(o *Options) { o.StuckTime = 200 * time.Millisecond })
	alice := s.user("alice", false)
	flood, quiet := alice.create(`{"command":["yes"]}`), alice.create(`{"command":["cat"]}`)
	alice.attach(flood, "") // and not read
	alice.stream(flood+"/events", "").until("screen", anyEvent)
	a := alice.attach(quiet, "")
	a.awaitText("\x1b[?25h")
	a.send(websocket.MessageBinary, "hello\r")
	a.awaitText("hello\r\nhello")
	s.awaitHeld(1)
}
