package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The README's tours are true to the word: their blocks run as they are, but for
// the port, and show what it says they do.
func TestTour(t *testing.T) {
	t.Parallel()
	showsInOrder(t, runTour(t, "A tour in five minutes"), []string{
		`{"id":1,"user":"`, `"name":"build","status":"running","width":80,"height":24`, // created
		`[{"id":1,"user":"`, "\nhello\n", "\n 00 1b 5b 41 ff 0d", // listed, typed, exact
		" 404 Not Found", "\n[]\n", " 204 No Content", " 404 Not Found",
	})
}

func TestTourWithTheCommandLine(t *testing.T) {
	t.Parallel()
	showsInOrder(t, runTour(t, "The tour with the command line"), []string{
		"1   build  running  80x24 ", " team=web ", "\nhello\n", "\n 00 1b 5b 41 ff 0d",
		"\nto run\nstatus 5", "\ndone", "usr", "\n[]\n", "interplexer: Not found", "\nstatus 3\n", `"name": "build",`,
		`interplexer: there is no live session "build"`, "\nstatus 3\n",
	})
}

// runTour runs the blocks of a section of the README on a service of its own,
// and gives what they print.
func runTour(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, tour, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, ok)
	tour, _, ok = strings.Cut(tour, "\n## ")
	require.True(t, ok)

	s := newSite(t, "")
	// Where the README says that the data are.
	s.data = filepath.Join(s.tmp, "home", ".local", "state", "interplexer")
	s.env = append(s.env, "XDG_STATE_HOME=", "INTERPLEXER_DATA_DIR=")
	v := s.start()
	program, err := exec.LookPath("interplexer")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.tmp, "bin"), 0o700))
	require.NoError(t, os.Symlink(program, filepath.Join(s.tmp, "bin", "interplexer")))

	script := "set -eu\n"
	for _, block := range shellBlock.FindAllStringSubmatch(tour, -1) {
		script += block[1]
	}
	script = strings.ReplaceAll(script, "url=http://127.0.0.1:8420\n", "url="+v.url+"\n")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Env, cmd.Dir = append(s.env, "INTERPLEXER_URL="+v.url), s.tmp
	out, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	v.stop()
	return string(out)
}

func showsInOrder(t *testing.T, out string, wants []string) {
	t.Helper()
	rest := out
	for _, want := range wants {
		var ok bool
		_, rest, ok = strings.Cut(rest, want)
		require.Truef(t, ok, "%q is missing in its place:\n%s", want, out)
	}
}
