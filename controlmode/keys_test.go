package controlmode_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// recorder is a pane whose program writes its input into a file, until it has n
// bytes.
type recorder struct {
	t      *testing.T
	socket string
	client controlmode.Client
	pane   controlmode.PaneInfo
	file   string
}

func newRecorder(t *testing.T, prepare string, n int) *recorder {
	t.Helper()
	r := &recorder{t: t, socket: controltest.SocketName(t), file: filepath.Join(t.TempDir(), "typed")}
	r.client = connect(t, controlmode.ServerOptions{SocketName: r.socket})
	script := fmt.Sprintf("stty raw -echo; %s tmux wait-for -S raw; head -c %d >%s; tmux wait-for -S typed; exec cat", prepare, n, r.file)
	pane, err := r.client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: "recorder", Width: 80, Height: 24, Command: []string{"sh", "-c", script},
	})
	require.NoError(t, err)
	r.pane = pane
	controltest.Tmux(t, r.socket, "wait-for", "raw")
	return r
}

func (r *recorder) send(in *controlmode.Input) {
	r.t.Helper()
	require.NoError(r.t, r.client.SendKeys(r.t.Context(), controlmode.ActivePane(r.pane.Session), in))
}

func (r *recorder) typed() []byte {
	r.t.Helper()
	controltest.Tmux(r.t, r.socket, "wait-for", "typed")
	typed, err := os.ReadFile(r.file)
	require.NoError(r.t, err)
	return typed
}

// everyByte is each byte, alone and among others.
func everyByte() string {
	var b strings.Builder
	for i := range 256 {
		b.WriteByte(byte(i))
		b.WriteString("é")
	}
	for i := range 256 {
		b.WriteByte(byte(i))
	}
	return b.String()
}

func TestBytesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	texts := append(hostileTexts(3000), everyByte(), strings.Repeat("\x00", 2500), "")
	for _, text := range texts {
		want.WriteString(text)
	}
	for name, prepare := range map[string]string{
		"plain":             "",
		"modifyOtherKeys 1": `printf '\033[>4;1m';`,
		"modifyOtherKeys 2": `printf '\033[>4;2m';`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t, prepare, want.Len())
			for _, text := range texts {
				r.send(new(controlmode.Input).Bytes(text))
			}
			require.True(t, bytes.Equal(want.Bytes(), r.typed()))
		})
	}
}

func TestLongInputArrivesAsItIs(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for text.Len() < 1<<20 {
		text.WriteString(everyByte())
	}
	r := newRecorder(t, "", text.Len())
	r.send(new(controlmode.Input).Bytes(text.String()))
	require.True(t, bytes.Equal([]byte(text.String()), r.typed()))
}

func TestPaste(t *testing.T) {
	t.Parallel()
	const text = "a\nb\x1b[20\x1b[201~1~c"
	for name, test := range map[string]struct{ prepare, want string }{
		"plain":     {"", "a\nbc"},
		"bracketed": {`printf '\033[?2004h';`, "\x1b[200~a\nbc\x1b[201~"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t, test.prepare, len(test.want))
			// The screen is asked for until tmux has parsed the program's output.
			_, err := r.client.CapturePane(t.Context(), controlmode.ActivePane(r.pane.Session))
			require.NoError(t, err)
			r.send(new(controlmode.Input).Paste(text))
			require.Equal(t, test.want, string(r.typed()))
		})
	}
}

// From 3.7 on, tmux makes control characters in a pasted buffer visible (^[ for an
// escape) unless -S says not to. Before, it knows no such flag.
func TestPastesAreLeftAsTheyAre(t *testing.T) {
	t.Parallel()
	in := new(controlmode.Input).Paste("\x1b[31m").Bytes(strings.Repeat("\x1b", 8<<10))
	for text, flags := range map[string]int{"3.2": 0, "3.6b": 0, "3.7": 2, "3.7c": 2, "next-3.9": 2, "4.0": 2} {
		version, err := controlmode.ParseVersion(text)
		require.NoError(t, err)
		line := in.Line(version)
		require.Equal(t, 2, strings.Count(line, "paste-buffer"), line)
		require.Equal(t, flags, strings.Count(line, " -S"), "tmux %s: %s", text, line)
	}
}

func TestKeysLeaveCopyMode(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, "", 4)
	controltest.Tmux(t, r.socket, "copy-mode", "-t", r.pane.Pane.String())
	r.send(new(controlmode.Input).Keys("q", "C-m", "-l", "M-x").Bytes(""))
	require.Equal(t, "q\r-l", string(r.typed()))
}

// Buffers that an earlier process left in tmux are deleted.
func TestStaleInputIsDropped(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	client, _ := newPane(t, server, "s", "cat")
	stale := "interplexer-input-" + strings.Repeat("0", 32) + "-7"
	controltest.Tmux(t, socket, "set-buffer", "-b", stale, "secret", ";", "set-buffer", "-b", "interplexer-input-mine", "kept")
	require.NoError(t, client.Ping(t.Context()))
	require.NoError(t, server.Close())
	controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	require.Equal(t, "interplexer-input-mine\n", controltest.Tmux(t, socket, "list-buffers", "-F", "#{buffer_name}"))
}
