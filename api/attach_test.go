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

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// attached is a WebSocket to a session, read by the test.
type attached struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
	// drawn is what the terminal has been sent since the last picture began.
	drawn []byte
	text  []map[string]any // text frames not yet asked for
	size  [2]string        // of the emulator; none: 80x24
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

// read takes one frame.
func (a *attached) read() error {
	kind, data, err := a.conn.Read(a.ctx)
	if err != nil {
		return err
	}
	if kind == websocket.MessageBinary {
		a.drawn = append(a.drawn, data...)
		return nil
	}
	var frame map[string]any
	require.NoError(a.t, json.Unmarshal(data, &frame))
	if frame["type"] == "resync" {
		a.drawn = nil
	}
	a.text = append(a.text, frame)
	return nil
}

// frame waits for a text frame of a type.
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

// draws waits until the terminal has been sent some text.
func (a *attached) draws(text string) {
	a.t.Helper()
	for !bytes.Contains(a.drawn, []byte(text)) {
		require.NoError(a.t, a.read(), "before %q", text)
	}
}

func (a *attached) send(kind websocket.MessageType, data string) {
	a.t.Helper()
	require.NoError(a.t, a.conn.Write(a.ctx, kind, []byte(data)))
}

// emulate feeds what the terminal was sent to another terminal, a pane of
// tmux's, and returns what that shows, with its styles and the cursor.
func (a *attached) emulate(socket string) string {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "drawn")
	// The title is set when the pane has taken all that comes before it.
	require.NoError(a.t, os.WriteFile(file, append(bytes.Clone(a.drawn), "\x1b]2;taken\a"...), 0o600))
	size := cmp.Or(a.size, [2]string{"80", "24"})
	controltest.Tmux(a.t, socket, "new-session", "-d", "-s", "emulator", "-x", size[0], "-y", size[1],
		"stty raw -echo; cat '"+file+"'; exec sleep 1000")
	defer controltest.Tmux(a.t, socket, "kill-session", "-t", "emulator")
	require.Eventually(a.t, func() bool {
		return controltest.Tmux(a.t, socket, "display-message", "-p", "-t", "emulator", "#{pane_title}") == "taken\n"
	}, 10*time.Second, 5*time.Millisecond)
	return paneState(a.t, socket, "emulator")
}

func paneState(t *testing.T, socket, session string) string {
	t.Helper()
	return controltest.Tmux(t, socket, "capture-pane", "-p", "-e", "-t", session) +
		controltest.Tmux(t, socket, "display-message", "-p", "-t", session,
			"cursor #{cursor_x},#{cursor_y} #{cursor_flag} alternate #{alternate_on} modes #{insert_flag} #{keypad_cursor_flag} #{keypad_flag} #{mouse_any_flag} region #{scroll_region_upper}-#{scroll_region_lower} wrap #{wrap_flag} origin #{origin_flag}")
}

func TestAttachPaints(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for name, program := range map[string]string{
		"plain":     `printf 'hello\nworld'`,
		"colours":   `printf '\033[31mred\033[44m on blue\nmore\033[0m none \033[1;4;38;5;200mall\033[48;2;1;2;3mrgb\033[0m'`,
		"cursor":    `printf 'x\033[12;34H'`,
		"hidden":    `printf '\033[?25l\033[3;3Hx'`,
		"wide":      `printf '漢字\nはな e\314\201 é\n'`,
		"full line": `printf '%080d' 7`,
		"alternate": `printf 'main\033[?1049h\033[H\033[2Jother\033[?1h\033='`,
		"region":    `printf '\033[5;20r\033[?6h\033[2;3Hx'`,
		"modes":     `printf '\033[?1003h\033[?1006h\033[4h\033[?7lx'`,
		"scrolled":  `i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done`,
	} {
		t.Run(name, func(t *testing.T) {
			alice := *alice
			alice.t = t
			command, err := json.Marshal([]string{"sh", "-c", program + "; stty -echo; exec cat >/dev/null"})
			require.NoError(t, err)
			at := alice.create(`{"command":` + string(command) + `}`)
			name := "session-" + at[strings.LastIndexByte(at, '/')+1:]
			require.Eventually(t, func() bool {
				return controltest.Tmux(t, s.socket, "display-message", "-p", "-t", name, "#{pane_current_command}") == "cat\n"
			}, 10*time.Second, 5*time.Millisecond)
			terminal := alice.attach(at, "")
			ready := terminal.frame("ready")
			require.Equal(t, [3]any{80.0, 24.0, "edit"}, [3]any{ready["width"], ready["height"], ready["mode"]})
			require.NoError(t, terminal.read())
			require.Equal(t, paneState(t, s.socket, name), terminal.emulate(s.socket))
			require.Equal(t, 204, alice.call("DELETE", at, "").status)
			terminal.frame("exit")
		})
	}
}

// A picture and the bytes after it are the whole, also when the program writes
// meanwhile.
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
		a.draws("the end")
		require.Equal(t, paneState(t, s.socket, "session-1"), a.emulate(s.socket))
	}
	late := alice.attach(at, "")
	late.draws("\x1b[?25h")
	require.Equal(t, paneState(t, s.socket, "session-1"), late.emulate(s.socket))
}

func TestAttachTypes(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	file := filepath.Join(t.TempDir(), "typed")
	at := alice.create(`{"command":["sh","-c","stty raw -echo; echo ready; exec cat > ` + file + `"]}`)
	a := alice.attach(at, "")
	a.draws("ready")
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
	one.draws("\x1b[?25h")
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

// hubPID is the process of the control client that hears the output, as soon as
// there is one.
func (s service) hubPID() (pid string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for line := range strings.Lines(controltest.Tmux(s.t, s.socket, "list-clients", "-F", "#{client_pid} #{client_flags}")) {
			var flags string
			if pid, flags, _ = strings.Cut(strings.TrimSpace(line), " "); !strings.Contains(flags, "no-output") {
				return true
			}
		}
		return false
	}, 10*time.Second, 5*time.Millisecond)
	return pid
}

func TestStreamsSurviveTheHub(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	a, events := alice.attach(at, ""), alice.stream(at+"/events", "")
	a.draws("\x1b[?25h")
	events.until("screen", anyEvent)
	for _, word := range []string{"one", "two"} {
		s.kill(s.hubPID())
		a.frame("resync")
		a.draws("\x1b[?25h")
		alice.typeLine(at, word)
		a.draws(word)
		events.until("screen", func(e event) bool { return strings.Count(e.data["text"].(string), word) == 2 })
	}
}

// A client that does not read is closed, and holds up nobody.
func TestStuckClientsAreClosed(t *testing.T) {
	s := startServiceWith(t, dbtest.Open(t, db.SQLite), func(o *Options) { o.StuckTime = 200 * time.Millisecond })
	alice := s.user("alice", false)
	flood, quiet := alice.create(`{"command":["yes"]}`), alice.create(`{"command":["cat"]}`)
	alice.attach(flood, "") // and not read
	alice.stream(flood+"/events", "").until("screen", anyEvent)
	a := alice.attach(quiet, "")
	a.draws("\x1b[?25h")
	a.send(websocket.MessageBinary, "hello\r")
	a.draws("hello\r\nhello")
	s.awaitHeld(1)
}
