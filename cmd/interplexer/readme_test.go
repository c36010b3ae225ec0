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

// The examples of the documents are true to the word. Their shell blocks run as
// they are, but for the port, and print what the documents say.

func TestTour(t *testing.T) {
	t.Parallel()
	showsInOrder(t, runBlocks(t, section(t, "README.md", "A tour in five minutes")), []string{
		`{"id":1,"user":"`, `"name":"build","status":"running","width":80,"height":24`, // created
		`[{"id":1,"user":"`, "\nhello\n", "\n 00 1b 5b 41 ff 0d", // listed, typed, exact
		" 404 Not Found", "\n[]\n", " 204 No Content", " 404 Not Found",
	})
}

func TestTourWithTheCommandLine(t *testing.T) {
	t.Parallel()
	showsInOrder(t, runBlocks(t, section(t, "README.md", "The tour with the command line")), []string{
		"1   build  running  80x24 ", " team=web ", "\nhello\n", "\nto run\nstatus 5", "\ndone", "usr",
	})
}

func TestExamplesOfClientCommands(t *testing.T) {
	t.Parallel()
	showsInOrder(t, runBlocks(t, section(t, "cmd/interplexer/README.md", "The client commands")), []string{
		"\n 00 1b 5b 41 ff 0d", "\n[]\n", "interplexer: Not found", "\nstatus 3\n", `"name": "build",`,
		`interplexer: there is no live session "build"`, "\nstatus 3\n",
	})
}

func TestExamplesOfTheAPI(t *testing.T) {
	t.Parallel()
	showsInOrder(t, runBlocks(t, document(t, "api/README.md")), []string{
		`[{"id":1,"name":"api","labels":{"team":"web"}}]`, `{"width":100,"height":30,"labels":{"stage":"test"}}`, // listed, edited
		`{"condition":"text",`, `"match":{"text":"hello","groups":[],"line":"hello"`, `{"condition":"quiet",`, `"status":408`,
		"\ntyped\n", "hello\n", `"runs":[[{"x":0,`, " 304 Not Modified", " 304 Not Modified", // captured, unchanged
		`"data":"`, // the bytes written
		`{"output":"hello\n","truncated":false,`, `"exit_code":3,`, `{"output":"late\n",`, `{"output":"2\n",`,
		`"width":100,"height":30,`, " 204 No Content", // zoomed, ended
		" 422 Unprocessable Entity", `"errors":[{"field":"width",`, "Idempotency-Replayed: true", " 204 No Content",
	})
}

// document reads a file of the project.
func document(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	require.NoError(t, err)
	return string(text)
}

// section returns what a document has below a heading.
func section(t *testing.T, path, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(document(t, path), "\n## "+heading+"\n")
	require.Truef(t, ok, "%s has no heading %q", path, heading)
	text, _, ok := strings.Cut(rest, "\n## ")
	require.True(t, ok)
	return text
}

// runBlocks runs the shell blocks of a text, as one script on a service of its
// own, and returns what they print.
func runBlocks(t *testing.T, text string) string {
	t.Helper()
	s := newSite(t, "")
	// The data folder that the documents name.
	s.data = filepath.Join(s.tmp, "home", ".local", "state", "interplexer")
	s.env = append(s.env, "XDG_STATE_HOME=", "INTERPLEXER_DATA_DIR=")
	v := s.start()
	program, err := exec.LookPath("interplexer")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.tmp, "bin"), 0o700))
	require.NoError(t, os.Symlink(program, filepath.Join(s.tmp, "bin", "interplexer")))

	script := "set -eu\n"
	for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
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
