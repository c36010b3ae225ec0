package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzIDs reads any text as every kind of id. An id has only one spelling.
func FuzzIDs(f *testing.F) {
	for _, text := range []string{"$0", "@17", "%4294967295", "%4294967296", "$01", "%-1", "@+1", "$ 1", "", "$", "1 2 /tmp/tmux-0/default", "1 2 a b", "1 2 "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kinds := 0
		if id, err := ParseSessionID(text); err == nil {
			require.Equal(t, text, id.String())
			kinds++
		}
		if id, err := ParseWindowID(text); err == nil {
			require.Equal(t, text, id.String())
			kinds++
		}
		if id, err := ParsePaneID(text); err == nil {
			require.Equal(t, text, id.String())
			kinds++
		}
		if id, err := ParseServerID(text); err == nil {
			again, err := ParseServerID(id.String())
			require.NoError(t, err)
			require.Equal(t, id, again)
			require.True(t, strings.HasSuffix(text, " "+id.Socket))
			kinds++
		}
		require.LessOrEqual(t, kinds, 1)
	})
}

// FuzzServerID writes any id of a tmux server, which must be read as it was.
func FuzzServerID(f *testing.F) {
	f.Add(1, int64(1795541631), "/tmp/tmux-0/interplexer")
	f.Add(-1, int64(-1), " a  b\n")
	f.Fuzz(func(t *testing.T, pid int, start int64, socket string) {
		id := ServerID{PID: pid, Start: start, Socket: socket}
		got, err := ParseServerID(id.String())
		if socket == "" {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, id, got)
	})
}
