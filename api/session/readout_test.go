package session

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

// More than is wanted may be captured: the text begins where it is wanted, be it in
// the midst of a line, and whatever did not fit into the end of a row.
func TestReadoutBeginsWhereItIsWanted(t *testing.T) {
	t.Parallel()
	c := controlmode.Joined{
		Place: controlmode.Place{History: 10, Width: 5, Height: 4, CursorY: 3},
		First: -3,
		Text:  []byte("above\nabcdコpqrstuvwx\nbelow\n\n"), // 3 rows: コ is two cells wide
	}
	for from, want := range map[int][]string{
		-3: {"above", "abcdコpqrstuvwx", "below", ""},
		-2: {"abcdコpqrstuvwx", "below", ""},
		-1: {"コpqrstuvwx", "below", ""},
		0:  {"stuvwx", "below", ""},
	} {
		p := newReadout(c, from, 0)
		require.Equal(t, want, p.lines, from)
		require.Equal(t, from, p.numbers[0])
	}
	p := newReadout(c, -1, 3)
	require.Equal(t, "qrstuvwx", p.lines[0])
}
