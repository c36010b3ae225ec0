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

var update = flag.Bool("update", false, "write the pictures again; then look at each")

// paneState is the state of the pane (testdata/*.json) whose lines tmux captured
// in testdata/*.ansi.
type paneState struct {
	Width, Height int
	X, Y          int
	Visible       bool
}

// load reads the screen called name from testdata.
func load(t *testing.T, name string) (screen *Screen, text string) {
	t.Helper()
	styled, err := os.ReadFile(filepath.Join("testdata", name+".ansi"))
	require.NoError(t, err)
	state, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	var s paneState
	require.NoError(t, json.Unmarshal(state, &s))
	screen = Parse(string(styled), s.Width, s.Height)
	screen.Cursor = Cursor{X: s.X, Y: s.Y, Visible: s.Visible}
	return screen, string(styled)
}

// TestPictures compares with pictures that a person has looked at.
func TestPictures(t *testing.T) {
	t.Parallel()
	captures, err := filepath.Glob("testdata/*.ansi")
	require.NoError(t, err)
	require.Len(t, captures, 4)
	for _, file := range captures {
		name := strings.TrimSuffix(filepath.Base(file), ".ansi")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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
				require.True(t, string(want) == string(got), "%s differs; look at it with -update", golden)
			}
		})
	}
}
