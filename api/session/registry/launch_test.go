package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// record is a program that writes down how it was started, for launch.
const record = `#!/bin/sh
{ printf '%s\0' "$@"; } >"$OUT/argv"
printf '%s' "$VALUE" >"$OUT/value"
/bin/pwd -P >"$OUT/cwd"
mv "$OUT" "$OUT.done"
exec cat
`

// launch is what a recorded program saw.
type launch struct {
	argv  []string
	value string
	cwd   string
}

// program writes the recording program into a folder.
func program(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(record), 0o700))
	return path
}

// launch starts a recording program and returns what it saw.
func (w *world) launch(o session.CreateOptions) launch {
	w.t.Helper()
	out := filepath.Join(w.t.TempDir(), "out")
	require.NoError(w.t, os.Mkdir(out, 0o700))
	env := map[string]string{"OUT": out}
	for name, value := range o.Env {
		env[name] = value
	}
	o.Env = env
	s := w.MustCreate(w.alice, o)
	w.Eventually("it starts", func() bool { _, err := os.Stat(out + ".done"); return err == nil })
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(out+".done", name))
		require.NoError(w.t, err)
		return string(text)
	}
	words := strings.Split(read("argv"), "\x00")
	require.NoError(w.t, w.End(w.t.Context(), w.alice, s.ID))
	return launch{argv: words[:len(words)-1], value: read("value"), cwd: strings.TrimSuffix(read("cwd"), "\n")}
}

var hostile = []string{
	"#(touch $PWNED)", "##(touch $PWNED)", "#{pid}", "$(touch $PWNED)", "`touch $PWNED`", "a b", "'", `"`, `\`, "a\nb", "\t",
	";", "a ; kill-server", "-x", "--", "~", "$HOME", "é", "{", "}", "%end 1 2 1", "\x01\x1b\x7f", "*",
}

func TestFolderIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite))
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	recorder := program(t, base, "record")
	for _, name := range hostile {
		cwd := filepath.Join(base, name)
		require.NoError(t, os.Mkdir(cwd, 0o700))
		require.Equal(t, cwd, w.launch(session.CreateOptions{Command: []string{recorder}, Cwd: cwd}).cwd)
	}
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	home, err = filepath.EvalSymlinks(home)
	require.NoError(t, err)
	require.Equal(t, home, w.launch(session.CreateOptions{Command: []string{recorder}}).cwd)
	w.nothing()
}

func TestCommandAndEnvironmentAreExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite))
	dir := t.TempDir()
	recorder := program(t, dir, "record")
	words := append([]string{recorder}, append(hostile, "", strings.Repeat("x", 10_000))...)
	require.Empty(t, cmp.Diff(words[1:], w.launch(session.CreateOptions{Command: words}).argv))
	for _, value := range append(hostile, "", "\xff\xfe raw \x80", "a=b", strings.Repeat("y", 10_000)) {
		got := w.launch(session.CreateOptions{Command: []string{recorder, "one"}, Env: map[string]string{"VALUE": value}})
		require.Equal(t, launch{argv: []string{"one"}, value: value, cwd: got.cwd}, got)
	}
	// A single word is a program, never a shell's command line.
	for _, name := range []string{"#(touch $PWNED)", "touch $PWNED", "a'b", `a"b`, "a;b", "#{pid}", "~", "a\nb"} {
		require.Equal(t, []string{""}, w.launch(session.CreateOptions{Command: []string{program(t, dir, name), ""}}).argv)
		require.Empty(t, w.launch(session.CreateOptions{Command: []string{program(t, dir, name)}}).value)
		require.Empty(t, w.launch(session.CreateOptions{Command: []string{"./" + name}, Cwd: dir}).value)
		require.Empty(t, w.launch(session.CreateOptions{
			Command: []string{name}, Env: map[string]string{"PATH": dir + ":" + os.Getenv("PATH")},
		}).value)
	}
	w.nothing()
}
