package render

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Box drawing joins: a line that reaches the edge of a cell continues in the next
// cell.
func TestBoxesJoin(t *testing.T) {
	t.Parallel()
	s := Parse("┌──┐\n│日│\n└──┘\n", 4, 3)
	out, err := s.PNG()
	require.NoError(t, err)
	p, err := png.Decode(bytes.NewReader(out))
	require.NoError(t, err)
	lit := func(x, y int) bool { r, _, _, _ := p.At(x, y).RGBA(); return r > 0 }
	row, column := 0, 0
	for ; !lit(8, row); row++ {
	}
	for ; !lit(column, 16); column++ {
	}
	for x := column; x < 24+column; x++ {
		require.True(t, lit(x, row), "x %d", x)
		require.True(t, lit(x, 32+row), "x %d", x)
	}
	for y := row; y < 32+row; y++ {
		require.True(t, lit(column, y), "y %d", y)
		require.True(t, lit(24+column, y), "y %d", y)
	}
}

// A PNG with more than 256 colors has no palette, and the same pixels.
func TestManyColors(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 300 {
		text.WriteString("\x1b[48;2;1;" + strings.Repeat("0", i%2) + string(rune('0'+i%10)) + ";" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + "m ")
	}
	text.WriteString("\x1b[48;2;9;9;9m \n")
	for _, width := range []int{20, 301} {
		out, err := Parse(text.String(), width, 1).PNG()
		require.NoError(t, err)
		p, err := png.Decode(bytes.NewReader(out))
		require.NoError(t, err)
		r, g, b, _ := p.At(8*13, 3).RGBA()
		require.Equal(t, []uint32{1, 3, 1}, []uint32{r >> 8, g >> 8, b >> 8})
	}
}
