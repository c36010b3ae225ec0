package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	reversed := func(x, y int) (at []int) {
		s := Parse("a日\n", 5, 2)
		s.Cursor = Cursor{X: x, Y: y, Visible: true}
		for line := range s.Lines {
			column := 0
			for _, c := range s.displayLine(line) {
				if c.Style.Reverse {
					at = append(at, column, line)
				}
				column += c.Width
			}
			require.Equal(t, 5, column)
		}
		return at
	}
	require.Equal(t, []int{0, 0}, reversed(0, 0))
	require.Equal(t, []int{1, 0}, reversed(1, 0))
	require.Equal(t, []int{1, 0}, reversed(2, 0), "on the second half")
	require.Equal(t, []int{4, 0}, reversed(5, 0), "the next character wraps")
	require.Equal(t, []int{3, 1}, reversed(3, 1), "on a blank line")
	require.Empty(t, reversed(0, 7))
}

// Text that a program prints never becomes markup.
func TestPicturesEscapeText(t *testing.T) {
	t.Parallel()
	s := Parse("<script>&\"'</pre>\x01\x7f\n", 30, 1)
	for _, picture := range [][]byte{s.HTML(), s.SVG()} {
		require.NotContains(t, string(picture), "<script")
		require.NotContains(t, string(picture), "&\"")
		require.Equal(t, 1, strings.Count(string(picture), "</pre>")+strings.Count(string(picture), "</svg>"))
	}
	require.NotContains(t, string(s.SVG()), "\x01", "XML has no such character")
}
