package controlmode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzVersion reads any text as a version. It must not panic, and the result must not
// depend on how tmux was asked.
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

// FuzzLists reads any bytes as the output of the list and repaint commands. The
// parsers must not panic, must end, and must not invent a pane.
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
	})
}
