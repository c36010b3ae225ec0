package expect

import (
	"context"
	"regexp"
	"strings"
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
		p := newPaneText(c, from, 0)
		require.Equal(t, want, p.lines, from)
		require.Equal(t, from, p.numbers[0])
	}
	p := newPaneText(c, -1, 3)
	require.Equal(t, "qrstuvwx", p.lines[0])
}

// What has left the screen is matched, however much there is of it.
func TestReadoutIsMatchedWhole(t *testing.T) {
	t.Parallel()
	lines := []string{"the first"}
	for range 8 * maxReadBytes / 80 {
		lines = append(lines, strings.Repeat("x", 79))
	}
	lines = append(lines, "the last")
	middle := len(lines) / 2
	lines[middle] = "the one between"
	c := controlmode.Joined{Place: controlmode.Place{Width: 80, Height: 24, CursorY: 23}, First: 24 - len(lines)}
	c.History, c.Text = len(lines)-24, []byte(strings.Join(lines, "\n")+"\n")
	p := newPaneText(c, c.First, 0)
	a := withoutAnyEcho(p.lines)
	for pattern, want := range map[string]int{"^the first$": 0, "^the one between$": middle, `(?s)x\nthe one .*?\nx`: middle - 1, "^the last$": len(lines) - 1} {
		m := p.match(regexp.MustCompile("(?m)"+pattern), a)
		require.NotNil(t, m, pattern)
		require.Equal(t, c.First+want, m.Number, pattern)
	}
	require.Nil(t, p.match(regexp.MustCompile("nowhere"), a))
}

// Of more than is wanted, lines may take other room than they seem to: a tab, which
// tmux shows as such from 3.6 on, or an emoji of several runes.
func TestReaderCountsFromItsPlace(t *testing.T) {
	t.Parallel()
	place := controlmode.Place{History: 10, HistoryLimit: 2000, Width: 5, Height: 3, CursorY: 2}
	r := scrollback{last: place, row: 10}
	place.History = 12 // two rows have come
	var asked []int
	r.capture = func(_ context.Context, first int) (controlmode.Joined, error) {
		asked = append(asked, first)
		c := controlmode.Joined{Place: place, First: first}
		switch first {
		case 0:
			c.Text = []byte("three\nfour\n\n")
		case -2:
			c.Text = []byte("one\ntwo\nthree\nfour\n\n")
		default:
			c.Text = []byte("up\na\tb\none\ntwo\nthree\nfour\n\n") // the second is of two rows
		}
		return c, nil
	}
	p, err := r.read(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two", "three", "four", ""}, p.lines, asked)
}
