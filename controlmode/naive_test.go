package controlmode_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// naive reads control mode as most clients do: an answer goes from a %begin to a line
// that is trusted to end it. It shows that the corpus can fool a reader.
type naive struct {
	ends func(guard, line string) bool
}

var (
	naivePrefix = naive{ends: func(_, line string) bool {
		return strings.HasPrefix(line, "%end") || strings.HasPrefix(line, "%error")
	}}
	naiveGuard = naive{ends: func(guard, line string) bool { return line == "%end "+guard || line == "%error "+guard }}
)

// replies are the answers to a client's commands, in their order.
func (n naive) replies(stream string) []string {
	var replies []string
	var body strings.Builder
	guard, open := "", false
	for line := range strings.Lines(stream) {
		bare := strings.TrimSuffix(line, "\n")
		begun, begins := strings.CutPrefix(bare, "%begin ")
		switch {
		case open && n.ends(guard, bare):
			if open = false; strings.HasSuffix(guard, " 1") {
				replies = append(replies, body.String())
			}
		case open:
			body.WriteString(line)
		case begins:
			guard, open = begun, true
			body.Reset()
		}
	}
	return replies
}

// tap is a connection of its own that keeps all that came over it.
type tap struct {
	*controlmode.Conn
	mu   sync.Mutex // guards came
	came bytes.Buffer
}

func openTap(t *testing.T, socket string) *tap {
	t.Helper()
	tap := new(tap)
	conn, _, err := controlmode.Dial(t.Context(), controlmode.DialOptions{
		SocketName: socket, NoStart: true, Env: controlmode.CleanEnv(os.Environ()), Dir: "/",
		Conn: controlmode.ConnOptions{Trace: tap.trace},
	})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	tap.Conn = conn
	return tap
}

func (c *tap) trace(sent bool, data []byte) {
	if !sent {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.came.Write(data)
	}
}

// take returns the bytes since the last call.
func (c *tap) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.came.Reset()
	return c.came.String()
}

// verdict says whether a naive reader of the same stream got another answer than tmux
// gave: to the capture of a pane, and to the next command.
type verdict struct{ screenWrong, nextWrong bool }

// fooled captures a pane, sends another command, and returns how naive readers
// understand the answers.
func (c *tap) fooled(t *testing.T, socket string, pane controlmode.PaneInfo) (byPrefix, byGuard verdict) {
	t.Helper()
	c.take()
	screen, err := c.Print(t.Context(), "capture-pane -p -t "+pane.Pane.String())
	require.NoError(t, err)
	said, err := c.Print(t.Context(), "display-message -p mine")
	require.NoError(t, err)
	stream := c.take()
	require.Equal(t, controltest.Tmux(t, socket, "capture-pane", "-p", "-t", pane.Pane.String()), screen)
	require.Equal(t, "mine\n", said)
	same, err := c.CapturePane(t.Context(), controlmode.ActivePane(pane.Session))
	require.NoError(t, err)
	require.Equal(t, screen, string(same))
	judge := func(n naive) verdict {
		replies := append(n.replies(stream), "", "", "") // the answers, each followed by its nonce
		return verdict{screenWrong: replies[0] != screen, nextWrong: replies[2] != said}
	}
	return judge(naivePrefix), judge(naiveGuard)
}

// TestNaiveReadersAreFooled is the control of the tests of hostile content: on the
// streams that our client reads right, a reader that trusts guards is wrong.
func TestNaiveReadersAreFooled(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	tap := openTap(t, socket)
	hub := openHub(t, server)
	tame := filepath.Join(t.TempDir(), "tame")
	require.NoError(t, os.WriteFile(tame, []byte("100 % tame\r\n"), 0o600))
	byPrefix, byGuard := tap.fooled(t, socket, played(t, socket, tap.Client, hub, tame, 80, 24))
	require.Zero(t, byPrefix)
	require.Zero(t, byGuard)

	var wrong, crossed []string
	for name, file := range hostileFiles(t) {
		byPrefix, _ := tap.fooled(t, socket, played(t, socket, tap.Client, hub, file, 80, 24))
		if byPrefix.screenWrong {
			wrong = append(wrong, name)
		}
		if byPrefix.nextWrong {
			crossed = append(crossed, name)
		}
	}
	t.Logf("a reader that trusts the prefix is wrong about the screen of %q, and then about the next answer after %q", wrong, crossed)
	require.Subset(t, wrong, []string{"alternate-pending", "guards", "lone-cr", "notifications"})
	require.Subset(t, crossed, []string{"alternate-pending", "guards"})
}

// TestGuessedGuards has a pane show all lines that could end the next answers: every
// number that is near, at every second that is near. For a reader that trusts the
// number, the answer is cut there, and the next caller gets text that the pane made
// up.
func TestGuessedGuards(t *testing.T) {
	t.Parallel()
	const numbers, seconds = 80, 30
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	tap := openTap(t, socket)
	hub := openHub(t, server)
	tap.take()
	require.NoError(t, tap.Ping(t.Context()))
	_, after, found := strings.Cut(tap.take(), "%begin ")
	require.True(t, found)
	guard := strings.Fields(after)
	now, number := atoi(t, guard[0]), atoi(t, guard[1])

	var text strings.Builder
	for s := now; s < now+seconds; s++ {
		for n := number; n < number+numbers; n++ {
			fmt.Fprintf(&text, "%%end %d %d 1\r\n%%begin %d %d 1\r\nmade up\r\n%%end %d %d 1\r\n", s, n, s, n+1, s, n+1)
		}
	}
	file := filepath.Join(t.TempDir(), "guessed")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	byPrefix, byGuard := tap.fooled(t, socket, played(t, socket, tap.Client, hub, file, 60, 4*numbers*seconds+1))
	require.Equal(t, verdict{screenWrong: true, nextWrong: true}, byPrefix)
	require.Equal(t, verdict{screenWrong: true, nextWrong: true}, byGuard)
}
