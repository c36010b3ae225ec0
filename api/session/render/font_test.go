package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bitmap draws the glyph of a cell with a # for each dot.
func bitmap(c Cell) string {
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
	t.Parallel()
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
`, "\n"+bitmap(Cell{Text: "A", Width: 1}))
	for _, text := range strings.Split("é ─ █ ⣿ Ж ← √", " ") {
		require.Contains(t, font(), []rune(text)[0])
	}
	for _, text := range strings.Split("日 한 あ 你 😀 🚀", " ") {
		require.True(t, font()[[]rune(text)[0]].wide)
	}
	frame := bitmap(Cell{Text: "\U000fffff", Width: 1})
	require.Contains(t, bitmap(Cell{Text: "\U00020000", Width: 2}), ".##############.", "a hollow box stands for a missing character")
	require.NotEqual(t, frame, bitmap(Cell{Text: "x", Width: 1}))
	require.NotEqual(t, bitmap(Cell{Text: "e", Width: 1}), bitmap(Cell{Text: "e\u0301", Width: 1}), "combining marks are drawn")
	require.Equal(t, bitmap(Cell{Text: "❤", Width: 1}), bitmap(Cell{Text: "❤\ufe0f", Width: 1}))
	require.Contains(t, bitmap(Cell{Text: "日", Width: 1}), "#", "squeezed into one column")
	require.Contains(t, bitmap(Cell{Text: "A", Width: 2}), ".......##.......", "centred in two columns")
}
