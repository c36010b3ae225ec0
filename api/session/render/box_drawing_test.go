package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBoxRects(t *testing.T) {
	t.Parallel()
	require.Nil(t, boxRects("a", 9, 18))
	require.Nil(t, boxRects("─x", 9, 18))
	require.Nil(t, boxRects("╱", 9, 18), "the font draws it")
	require.Len(t, boxRects("┼", 9, 18), 4)
	require.Len(t, boxRects("╬", 9, 18), 8)
	require.Equal(t, []rect{{0, 0.75, 1, 1, 1}}, boxRects("▂", 9, 18))
	require.Equal(t, []rect{{0, 0, 1, 1, 0.5}}, boxRects("▒", 9, 18))
	require.Len(t, boxRects("▟", 9, 18), 3)
	require.Len(t, strings.Fields(boxLines), 128)
	for r := rune(0x2500); r < 0x25a0; r++ {
		for _, a := range boxRects(string(r), 9, 18) {
			require.True(t, a.left >= 0 && a.top >= 0 && a.right <= 1 && a.bottom <= 1 && a.left < a.right && a.top < a.bottom, "%c %v", r, a)
		}
	}
}
