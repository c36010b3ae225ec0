package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// shell makes a session that runs a script of sh, which says on the way that it
// has come to a point with `tmux wait-for -S NAME`.
func (c *client) shell(script string) string {
	c.t.Helper()
	body, err := json.Marshal(map[string][]string{"command": {"sh", "-c", script}})
	require.NoError(c.t, err)
	return c.create(string(body))
}

// What a program does after the picture ends where it would have without: the
// picture holds the state that cannot be seen, too.
func TestPicturesHoldWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]struct{ before, after string }{
		"the main screen":          {`main 漢\nsecond\033[31m red\033[0m\033[?1049h\033[2J\033[Hother`, `\033[?1049lback`},
		"half an escape sequence":  {`a\033[3`, `1mred\033[0m`},
		"half a control string":    {`a\033]2;tit`, `le\007b`},
		"half a character":         {`a\303`, `\251b`},
		"half of a wide character": {`a\346\274`, `\242b`},
		"the last column":          {`%079d`, `xy`},
		"past the last column":     {`%080d`, `xy`},
		"a scroll region":          {`1\n2\n3\n4\n5\033[2;4r\033[4;1H`, `\n6\n7`},
		"origin mode":              {`\033[5;10r\033[?6h`, `\033[2;2Hx`},
		"insert mode":              {`abc\033[1G\033[4h`, `xy`},
		"no wrap":                  {`\033[?7l%079d`, `wxyz`},
		"drawing left":             {`\033[10;40H`, `\033[D\033[Dx\033[Ky`},
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, dbtest.Open(t, db.SQLite))
			alice := s.user("alice", false)
			at := alice.shell(`stty raw -echo; tmux wait-for -S ready; head -c 1 >&2; printf '` + script.before + `'; tmux wait-for -S before;` +
				` head -c 1; printf '` + script.after + `'; tmux wait-for -S after; exec cat >&2`)
			a := alice.attach(at, "?mode=edit")
			a.draws("\x1b[?25h")
			_ = a.conn.CloseNow()
			controltest.Tmux(t, s.socket, "wait-for", "ready")
			alice.call("POST", at+"/send-keys", `{"hex":"00"}`)
			controltest.Tmux(t, s.socket, "wait-for", "before")
			settled(t, s.socket)

			a = alice.attach(at, "")
			a.frame("ready")
			require.NoError(t, a.read())
			a.send(websocket.MessageBinary, "\x00")
			controltest.Tmux(t, s.socket, "wait-for", "after")
			settled(t, s.socket)
			want := paneState(t, s.socket, "session-1")
			a.quiet()
			require.Equal(t, want, a.emulate(s.socket))
		})
	}
}

// settled waits until tmux has taken what the programs have written: it reads
// panes and answers in turn.
func settled(t *testing.T, socket string) {
	t.Helper()
	was := ""
	require.Eventually(t, func() bool {
		now := paneState(t, socket, "session-1")
		same := now == was
		was = now
		return same
	}, 10*time.Second, 20*time.Millisecond)
}

// quiet reads until the server has nothing to send: what it answers to a ping
// after is later than the rest.
func (a *attached) quiet() {
	a.t.Helper()
	for drawn := -1; drawn != len(a.drawn); {
		drawn = len(a.drawn)
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
	a.draws("\x1b[?25h")
	for _, size := range [][2]string{{"60", "20"}, {"113", "31"}, {"20", "5"}, {"80", "24"}} {
		a.send(websocket.MessageText, `{"type":"resize","width":`+size[0]+`,"height":`+size[1]+`}`)
		told := a.frame("resize")
		require.Equal(t, size, [2]string{number(told["width"]), number(told["height"])})
		a.frame("resync")
		a.draws("\x1b[?25h")
		a.size = size
		alice.typeLine(at, "now "+size[0])
		for !regexp.MustCompile(`(?s)now ` + size[0] + `\r\n.*now ` + size[0] + `\r\n`).Match(a.drawn) {
			require.NoError(t, a.read())
		}
		settled(t, s.socket)
		a.quiet()
		require.Equal(t, paneState(t, s.socket, "session-1"), a.emulate(s.socket), size)
	}
}

func number(v any) string { return strconv.Itoa(int(v.(float64))) }

func TestAttachedPaneChanges(t *testing.T) {
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
	a.draws("\x1b[?25h")
	named.frame("resync") // it has become smaller
	named.draws("\x1b[?25h")
	a.send(websocket.MessageBinary, "to the second\r")
	a.draws("to the second\r\nto the second")
	named.send(websocket.MessageBinary, "to the first\r")
	named.draws("to the first\r\nto the first")
	require.NotContains(t, string(a.drawn), "to the first")

	controltest.Tmux(t, s.socket, "kill-pane", "-t", first)
	require.Equal(t, "pane-closed", named.frame("exit")["status"], "the session goes on")
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(named.read()))
	a.frame("resync") // it has become larger
	a.draws("\x1b[?25h")
	a.send(websocket.MessageBinary, "still\r")
	a.draws("still\r\nstill")
}

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
			a.draws("\x1b[?25h")
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
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	a := alice.attach(alice.create(`{"command":["cat"]}`), "")
	a.draws("\x1b[?25h")
	bounded, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.server.Drain(bounded), context.DeadlineExceeded)
	s.server.stop() // as Shutdown does
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(a.read()))
	require.NoError(t, s.server.Drain(t.Context()))
	require.Zero(t, s.registry.Stats().Held)
}

// Those who are being written to hear of the end, too.
func TestStopDuringAFlood(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["yes"]}`)
	var all []*attached
	for range 4 {
		a := alice.attach(at, "")
		a.draws("y\r\ny")
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

// counting reads numbered lines until it has followed n bytes of output, and
// says how many pictures were sent on the way. The lines of each picture and of
// what followed it count up by one: nothing is missing, and nothing comes twice.
func (a *attached) counting(n int) (pictures int, err error) {
	var lines strings.Builder
	for followed := 0; followed < n; {
		kind, data, err := a.conn.Read(a.ctx)
		if err != nil {
			return pictures, err
		}
		switch {
		case kind == websocket.MessageText:
		case strings.HasPrefix(string(data), "\x1b[!p"):
			if err := counts(lines.String()); err != nil {
				return pictures, err
			}
			pictures++
			lines.Reset()
			lines.WriteString(drawnLines(string(data)))
		default:
			lines.Write(data)
			followed += len(data)
		}
	}
	return pictures, counts(lines.String())
}

var (
	drawnLine   = regexp.MustCompile(`\x1b\[\d+;1H(\d*)`)
	drawnCursor = regexp.MustCompile(`\x1b\[\?6l\x1b\[(\d+);(\d+)H`)
)

// drawnLines are a picture's lines up to the cursor.
func drawnLines(picture string) string {
	var lines []string
	for _, m := range drawnLine.FindAllStringSubmatch(picture, 24) {
		lines = append(lines, m[1])
	}
	at := drawnCursor.FindStringSubmatch(picture)
	row, _ := strconv.Atoi(at[1]) // of digits
	return strings.Join(lines[:row], "\n")
}

// counts says where lines do not count up by one, but for the first and the
// last, which may be parts.
func counts(text string) error {
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for i := 2; i < len(lines)-1; i++ {
		was, _ := strconv.Atoi(lines[i-1])
		if lines[i] != strconv.Itoa(was+1) {
			return fmt.Errorf("line %d is %q after %q", i, lines[i], lines[i-1])
		}
	}
	return nil
}

// allCount has six viewers count, and returns the most pictures that one got.
func (s service) allCount(alice *client, at string, bytes int) int {
	s.t.Helper()
	pictures := make([]int, 6)
	var group errgroup.Group
	for i := range pictures {
		a := alice.attach(at, "?mode=view")
		group.Go(func() (err error) {
			pictures[i], err = a.counting(bytes)
			return err
		})
	}
	require.NoError(s.t, group.Wait())
	return slices.Max(pictures)
}

// However many look at a busy pane, one's picture does not cost another its
// place.
func TestManyViewersOfABusyPane(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.shell(`i=0; while :; do i=$((i+1)); echo $i; done`)
	most := s.allCount(alice, at, 400_000)
	require.LessOrEqual(t, most, 20)
}

func TestManyViewersOfAFlood(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["seq","1000000000"]}`)
	t.Log(s.allCount(alice, at, 400_000), "pictures at most")
}

// What floods is skipped, and each skip is told.
func TestFloodHasNoGapUntold(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["seq","1000000000"]}`)
	require.NoError(t, alice.stream(at+"/events?events=output", "").countsPiecewise())
}

// It is where another session has the window, too, and somebody looks there.
func TestFloodInTwoSessionsHasNoGapUntold(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	one, two := alice.create(`{"command":["seq","1000000000"]}`), alice.create(`{"command":["cat"]}`)
	pane := alice.session(one).Panes[0].ID
	controltest.Tmux(t, s.socket, "link-window", "-d", "-s", pane, "-t", "session-2:9")
	var group errgroup.Group
	for _, at := range []string{one, two} {
		events := alice.stream(at+"/events?events=output&pane="+url.QueryEscape(pane), "")
		require.Equal(t, 200, events.status)
		group.Go(events.countsPiecewise)
	}
	require.NoError(t, group.Wait())
}

// countsPiecewise: the output counts from each resync to the next, of six.
func (s *stream) countsPiecewise() error {
	var part strings.Builder
	for resyncs := 0; resyncs < 6; {
		e, ok := s.next()
		if !ok {
			return errors.New("the stream has ended")
		}
		switch e.name {
		case "output":
			part.Write(decodeBase64(s.t, e.data["data"].(string)))
		case "resync":
			if err := counts(part.String()); err != nil {
				return err
			}
			part.Reset()
			resyncs++
		}
	}
	return nil
}
