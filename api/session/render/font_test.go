package render

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// picture is a character of the font in dots.
func picture(c Cell) string {
	var b strings.Builder
	for _, row := range glyphOf(c).rows {
		for x := range 8 * c.Width {
			b.WriteByte(".#"[row>>(15-x)&1])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestFont(t *testing.T) {
	require.Equal(t, `
........
........
........
........
...##...
..#..#..
..#..#..
.#....#.
.#....#.
.######.
.#....#.
.#....#.
.#....#.
.#....#.
........
........
`, "\n"+picture(Cell{Text: "A", Width: 1}))
	for _, text := range strings.Split("é ─ █ ⣿ Ж ← √", " ") {
		require.Contains(t, font(), []rune(text)[0])
	}
	for _, text := range strings.Split("日 한 あ 你 😀 🚀", " ") {
		require.True(t, font()[[]rune(text)[0]].wide)
	}
	frame := picture(Cell{Text: "\U000fffff", Width: 1})
	require.Contains(t, picture(Cell{Text: "\U00020000", Width: 2}), ".##############.", "a frame stands for what the font does not have")
	require.NotEqual(t, frame, picture(Cell{Text: "x", Width: 1}))
	require.NotEqual(t, picture(Cell{Text: "e", Width: 1}), picture(Cell{Text: "e\u0301", Width: 1}), "marks are drawn")
	require.Equal(t, picture(Cell{Text: "❤", Width: 1}), picture(Cell{Text: "❤\ufe0f", Width: 1}))
	require.Contains(t, picture(Cell{Text: "日", Width: 1}), "#", "squeezed")
	require.Contains(t, picture(Cell{Text: "A", Width: 2}), ".......##.......", "in the middle")
}

// Boxes join: what a line ends in at a cell's edge goes on in the next one.
func TestBoxesJoin(t *testing.T) {
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

func TestBoxAreas(t *testing.T) {
	require.Nil(t, areas("a", 9, 18))
	require.Nil(t, areas("─x", 9, 18))
	require.Nil(t, areas("╱", 9, 18), "the font draws it")
	require.Len(t, areas("┼", 9, 18), 4)
	require.Len(t, areas("╬", 9, 18), 8)
	require.Equal(t, []area{{0, 0.75, 1, 1, 1}}, areas("▂", 9, 18))
	require.Equal(t, []area{{0, 0, 1, 1, 0.5}}, areas("▒", 9, 18))
	require.Len(t, areas("▟", 9, 18), 3)
	require.Len(t, strings.Fields(arms), 128)
	for r := rune(0x2500); r < 0x25a0; r++ {
		for _, a := range areas(string(r), 9, 18) {
			require.True(t, a.left >= 0 && a.top >= 0 && a.right <= 1 && a.bottom <= 1 && a.left < a.right && a.top < a.bottom, "%c %v", r, a)
		}
	}
}

// A picture of more than 256 colors has no palette, and is the same.
func TestManyColors(t *testing.T) {
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
