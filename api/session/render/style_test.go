package render

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColorNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"", "red", "brightwhite", "colour16", "#00ff0a"},
		[]string{Color(0).String(), Indexed(1).String(), Indexed(15).String(), Indexed(16).String(), RGB(0, 255, 10).String()})
	for n, want := range map[uint8]string{0: "#000000", 12: "#5c5cff", 16: "#000000", 21: "#0000ff", 196: "#ff0000", 231: "#ffffff", 110: "#87afd7", 232: "#080808", 255: "#eeeeee"} {
		require.Equal(t, want, Indexed(n).rgb(rgb{}).String(), "%d", n)
	}
}
