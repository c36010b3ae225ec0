package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// fields are those that an error complains of; it must be an InvalidError.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var invalid *session.InvalidError
	require.ErrorAs(t, err, &invalid)
	var list []string
	for _, f := range invalid.Fields {
		require.NotEmpty(t, f.Detail)
		list = append(list, f.Field)
	}
	return list
}

func TestBadOptionsCreateNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	long := strings.Repeat("x", 1<<20)
	type options = session.CreateOptions
	bad := map[string][]options{
		"width":  {{Width: -1}, {Width: 10_001}, {Width: -1 << 62}},
		"height": {{Height: -80}, {Height: 10_001}, {Height: 1 << 62}},
		"cwd": {
			{Cwd: "relative"},
			{Cwd: file},
			{Cwd: file + "-missing"},
			{Cwd: "/\x00"},
			{Cwd: "/\xff"},
			{Cwd: "/" + long},
			{Cwd: "#(touch $PWNED)"},
		},
		"env": {
			{Env: map[string]string{"": "x"}},
			{Env: map[string]string{"A=B": "x"}},
			{Env: map[string]string{"1A": "x"}},
			{Env: map[string]string{"A\n": "x"}},
			{Env: map[string]string{"A B": "x"}},
			{Env: map[string]string{"$(touch $PWNED)": "x"}},
			{Env: map[string]string{"A": long}},
			{Env: map[string]string{long: ""}},
		},
		"env.A":      {{Env: map[string]string{"A": "\x00"}}},
		"command":    {{Command: []string{}}, {Command: []string{""}}, {Command: []string{"cat", long}}, {Command: make([]string, 1001)}},
		"command[1]": {{Command: []string{"cat", "\x00"}}, {Command: []string{"cat", "\xff"}}},
		"command[0]": {
			{Command: []string{"no-such-program"}},
			{Command: []string{"/no/such/program"}},
			{Command: []string{"./cat"}},
			{Command: []string{file}},
			{Command: []string{"touch $PWNED"}},
			{Command: []string{"$(touch $PWNED)"}},
			{Command: []string{"#(touch $PWNED)"}},
			{Command: []string{"/"}},
			{Command: []string{"\x00"}},
			{Command: []string{"cat"}, Env: map[string]string{"PATH": "/nowhere"}},
		},
	}
	for _, name := range []string{
		"a\nb", "a\x00b", "a\x1bb", "a\x7f", "\u0085", "#(touch $PWNED)", "x#(touch $PWNED)", "$(touch $PWNED)", "`touch $PWNED`",
		"a;b", ";", "-x", "--", "a'b", `a"b`, `a\b`, " a", "a ", "a  b", "#{pid}", "\xff", "a\u202eb", "=x", "%5", "$1", "@1", "~", long,
		strings.Repeat("é", session.MaxNameLength+1),
	} {
		bad["name"] = append(bad["name"], options{Name: name})
	}
	for field, list := range bad {
		for _, o := range list {
			_, err := w.Create(t.Context(), w.alice, o)
			require.Equal(t, []string{field}, fields(t, err), "%.200q", err)
		}
	}
	_, err := w.Create(t.Context(), w.alice, options{
		Name: ";", Command: []string{""}, Cwd: "x", Width: -1, Height: -1, Env: map[string]string{"B": "\x00", "A": "\x00", "-": ""},
	})
	require.Equal(t, []string{"name", "width", "height", "cwd", "env", "env.A", "env.B", "command"}, fields(t, err))
	w.nothing()
}

func TestGoodNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite))
	for _, name := range []string{
		"build", "a b c", "héé", "a.b:c", "user@host", "x/y+z-1", "_", "日本", "0", strings.Repeat("é", session.MaxNameLength),
	} {
		s := w.MustCreate(w.alice, session.CreateOptions{Name: name})
		got, err := w.Get(t.Context(), w.alice, s.ID)
		require.NoError(t, err)
		require.Equal(t, name, got.Name)
	}
	w.agree()
}

func TestBadInputTypesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.Open(t, db.SQLite))
	s := w.MustCreate(w.alice, session.CreateOptions{})
	text := func(s string) *string { return &s }
	long := strings.Repeat("x", session.MaxInput+1)
	for _, c := range []struct {
		field string
		input session.Input
	}{
		{"keys", session.Input{Line: text("a\x00b")}},
		{"keys", session.Input{Line: &long}},
		{"keys[1]", session.Input{Keys: []string{"a", "\x00"}}},
		{"keys[0]", session.Input{Keys: []string{long}}},
		{"keys", session.Input{Keys: []string{long[:session.MaxInput/2], long[:session.MaxInput/2]}}},
		{"keys", session.Input{Keys: make([]string, 1001)}},
		{"text", session.Input{Text: text("\x00")}},
		{"text", session.Input{Text: &long}},
		{"paste", session.Input{Paste: text("\x00")}},
		{"paste", session.Input{Paste: &long}},
		{"hex", session.Input{Raw: []byte(long)}},
		{"pane", session.Input{Pane: "5", Text: text("x")}},
		{"pane", session.Input{Pane: "%05", Text: text("x")}},
		{"pane", session.Input{Pane: "%5 ; kill-server", Text: text("x")}},
		{"pane", session.Input{Pane: "%-1", Text: text("x")}},
	} {
		require.Equal(t, []string{c.field}, fields(t, w.Send(t.Context(), w.alice, s.ID, c.input)))
		require.ErrorIs(t, w.Send(t.Context(), w.bob, s.ID, c.input), session.ErrNotFound, "before anything else")
	}
	_, err := w.Screen(t.Context(), w.alice, s.ID, session.CaptureOptions{Pane: "x"})
	require.Equal(t, []string{"pane"}, fields(t, err))
	w.TypeLine(w.alice, s.ID, "end")
	w.AwaitText(w.alice, s.ID, "end\nend\n")
	require.Equal(t, "end\nend\n", w.ScreenText(w.alice, s.ID))
}
