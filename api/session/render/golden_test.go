package render

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the pictures anew; then look at them")

// shot is a screen as tmux told it (testdata/*.ansi), and its state.
type shot struct {
	Width, Height int
	X, Y          int
	Visible       bool
}

func load(t *testing.T, name string) (screen *Screen, text string) {
	t.Helper()
	styled, err := os.ReadFile(filepath.Join("testdata", name+".ansi"))
	require.NoError(t, err)
	state, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	var s shot
	require.NoError(t, json.Unmarshal(state, &s))
	screen = Parse(string(styled), s.Width, s.Height)
	screen.Cursor = Cursor{X: s.X, Y: s.Y, Visible: s.Visible}
	return screen, string(styled)
}

// TestPictures: each of these has been looked at.
func TestPictures(t *testing.T) {
	shots, err := filepath.Glob("testdata/*.ansi")
	require.NoError(t, err)
	require.Len(t, shots, 4)
	for _, file := range shots {
		name := strings.TrimSuffix(filepath.Base(file), ".ansi")
		t.Run(name, func(t *testing.T) {
			screen, _ := load(t, name)
			picture, err := screen.PNG()
			require.NoError(t, err)
			for ending, got := range map[string][]byte{"svg": screen.SVG(), "html": screen.HTML(), "png": picture} {
				golden := filepath.Join("testdata", name+"."+ending)
				if *update {
					require.NoError(t, os.WriteFile(golden, got, 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				require.True(t, string(want) == string(got), "%s is another; look at it with -update", golden)
			}
		})
	}
}
