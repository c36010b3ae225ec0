package wire_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
	"interplexer/controlmode/internal/wiretest"
)

// FuzzNotification reads any line. It must not panic, must not keep the line, and
// must read the line that wiretest.Line writes of a notification as the same
// notification.
func FuzzNotification(f *testing.F) {
	for _, file := range wiretest.Transcripts(f, "../../..") {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		for line := range bytes.Lines(text) {
			if bytes.HasPrefix(line, []byte("< %")) {
				f.Add(bytes.TrimSuffix(line[2:], []byte("\n")))
			}
		}
	}
	for _, line := range []string{
		`%output %5 a\033[m\134 é\12`, "%extended-output %5 12 x y : a : b", "%layout-change @1 a b *", "%subscription-changed s $1 @1 1 %1 : v : w",
		"%client-session-changed /dev/pts/1 $1 n n", "%client-detached c", "%pause %1", "%continue %1", "%message a b", "%config-error x", "%exit",
		"%paste-buffer-changed b", "%paste-buffer-deleted b", "%session-window-changed $1 @2", "%window-pane-changed @1 %2", "%window-add @01",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		kept := bytes.Clone(line)
		n := wire.ParseNotification(line)
		require.Equal(t, kept, line, "it only reads the line")
		before := fmt.Sprintf("%#v", n)
		for i := range line {
			line[i] ^= 0xff
		}
		require.Equal(t, before, fmt.Sprintf("%#v", n), "it keeps nothing of the line")
		if u, ok := n.(wire.Unknown); ok {
			require.Equal(t, string(kept), string(u.Line))
		}
		require.Equal(t, before, fmt.Sprintf("%#v", wire.ParseNotification([]byte(wiretest.Line(n)))))
	})
}

// FuzzOutput writes output as tmux does. The parser must return the original bytes.
func FuzzOutput(f *testing.F) {
	f.Add(uint32(0), uint32(0), []byte("a\x1b[m\\033 é\xff\x00\n\x7f"))
	f.Add(uint32(4294967295), uint32(7), []byte(`\\134\0`))
	f.Add(uint32(1), uint32(0), []byte(" : "))
	f.Fuzz(func(t *testing.T, pane, age uint32, data []byte) {
		o := wire.Output{Pane: wire.PaneID(pane), Data: data, Age: int(age)}
		n := wire.ParseNotification([]byte(wiretest.Line(o)))
		got, ok := n.(wire.Output)
		require.True(t, ok, "%#v", n)
		require.Equal(t, string(data), string(got.Data))
		require.Equal(t, []any{o.Pane, o.Age}, []any{got.Pane, got.Age})
		require.NotContains(t, wiretest.Line(o), "\n")
	})
}
