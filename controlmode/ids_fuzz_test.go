package controlmode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzIDs reads any text as every kind of id: what is taken for one has no
// other spelling.
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

// FuzzServerID writes any id of a tmux server: it must be read as it was.
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

// FuzzVersion reads any text as a version: it must not panic, and what it says
// must not depend on how tmux was asked.
func FuzzVersion(f *testing.F) {
	for _, text := range []string{"tmux 3.3a", "3.5a\n", "next-3.9", "tmux master", "openbsd-7.5", "3.2-rc2", "3.", ".3", "x.y", "tmux 3", "3.99999999999999999999", "tmux tmux 3.2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVersion(text)
		if err != nil {
			var bad *VersionError
			require.ErrorAs(t, err, &bad)
			require.Contains(t, bad.Error(), MinimumVersion.Text)
			return
		}
		for _, other := range []string{v.Text, "tmux " + v.Text + "\n"} {
			again, err := ParseVersion(other)
			require.NoError(t, err)
			require.Equal(t, v, again)
		}
		require.Equal(t, v.atLeast(3, 2), v.check() == nil)
		for c := range capability(len(capabilities)) {
			if v.has(c) {
				require.NoError(t, v.check(), "all that has one of the capabilities is new enough")
			}
		}
	})
}

// FuzzLists reads any bytes as what the list and repaint commands print: they
// must not panic, must end, and must not invent a pane.
func FuzzLists(f *testing.F) {
	f.Add([]byte("$0 @1 %2 1 80 24 1234 0\n$0 @1 %3 0 80 24 1235 1\n"))
	f.Add([]byte("24 80 1 2 1 0 0 0 1 0 0 0 0 0 0 0 0 23 0 0\n"))
	f.Add([]byte("1 2 3.3a /tmp/tmux-0/default"))
	f.Add([]byte("99999999999999999999 x\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		panes, err := parsePanes(body)
		if err == nil {
			require.Len(t, panes, strings.Count(string(body), "\n"))
		} else {
			require.ErrorIs(t, err, ErrProtocol)
		}
		if _, err := parseRepaint(body); err != nil {
			require.ErrorIs(t, err, ErrProtocol)
		}
		if id, _, err := parseIdentity(string(body)); err == nil {
			require.True(t, strings.HasSuffix(string(body), " "+id.Socket))
		}
		counted := answer{frame: frame{blocks: 2, counted: 1}, blocks: []Block{{Body: body}}}
		if lines, ok := counted.linesOf(1); ok {
			require.GreaterOrEqual(t, lines, 0)
		}
	})
}
