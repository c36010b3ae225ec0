package registry_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// linesReader reads lines of one session's history and screen.
type linesReader struct {
	*sessiontest.Service
	t    *testing.T
	user session.Principal
	id   int64
}

// text reads lines with any number of pieces.
func (r linesReader) text(o session.LinesOptions) string {
	r.t.Helper()
	var text strings.Builder
	require.NoError(r.t, r.Lines(r.t.Context(), r.user, r.id, o, func(piece []byte) error {
		text.Write(piece)
		return nil
	}))
	return text.String()
}

// fails is the error of reading lines, which must come before the first piece.
func (r linesReader) fails(p session.Principal, o session.LinesOptions) error {
	r.t.Helper()
	return r.Lines(r.t.Context(), p, r.id, o, func([]byte) error {
		r.t.Error("lines before an error")
		return nil
	})
}

// whole is all that a pane has.
var whole = session.LinesOptions{First: session.HistoryStart, Last: session.ScreenEnd}

func TestLines(t *testing.T) {
	t.Parallel()
	s := sessiontest.Start(t, dbtest.Open(t, db.SQLite), sessiontest.Options{})
	alice, bob := s.User("alice", false), s.User("bob", false)
	r := linesReader{s, t, alice, s.StartProgram(alice, "sh", "-c", "seq 1500; echo; exec cat")}
	screen := func() string {
		got, err := s.Screen(t.Context(), alice, r.id, session.CaptureOptions{})
		require.NoError(t, err)
		return string(got.Text)
	}
	s.Eventually("all is printed", func() bool { return strings.Contains(screen(), "\n1500\n\n") })
	lines := func(o session.LinesOptions) []string { return strings.SplitAfter(r.text(o), "\n") }
	all := lines(whole)
	require.Len(t, all, 1503, "1500, a blank one, that of the cursor, and nothing after the last newline")
	require.Equal(t, []string{"1\n", "2\n"}, all[:2])
	trimmed := whole
	trimmed.Trim = true
	require.Equal(t, []string{"1500\n", ""}, lines(trimmed)[1499:])
	require.Equal(t, []string{"1477\n", "1478\n", ""}, lines(session.LinesOptions{First: -2, Last: -1}))
	require.Equal(t, screen(), r.text(session.LinesOptions{Last: session.ScreenEnd}))

	require.ErrorIs(t, r.fails(bob, whole), session.ErrNotFound)
	elsewhere := whole
	elsewhere.Pane = "%999"
	require.ErrorIs(t, r.fails(alice, elsewhere), session.ErrNotFound)
	s.MustEnd(alice, r.id)
	require.ErrorIs(t, r.fails(alice, whole), session.ErrNotFound)
}

// Lines with styles, joined, and more of the last lines than a capture of the screen
// may have.
func TestLinesVariants(t *testing.T) {
	t.Parallel()
	s := sessiontest.Start(t, dbtest.Open(t, db.SQLite), sessiontest.Options{})
	alice := s.User("alice", false)
	r := linesReader{s, t, alice, s.MustCreate(alice, session.CreateOptions{Width: 20, Height: 5, Command: []string{
		"sh", "-c", `stty -echo; printf '1\n\033[31mred\033[0m\n%025d\n\033[1m4\n5\n6'; exec cat`,
	}}).ID}
	s.AwaitText(alice, r.id, "\n6\n")
	zeros := strings.Repeat("0", 25)
	joined := session.CaptureOptions{Join: true}
	for _, one := range []struct {
		o    session.LinesOptions
		want string
	}{
		{session.LinesOptions{Last: session.ScreenEnd, CaptureOptions: session.CaptureOptions{Lines: 3000, Join: true}}, "1\nred\n" + zeros + "\n4\n5\n6\n"},
		{session.LinesOptions{First: session.HistoryStart, Last: session.ScreenEnd, CaptureOptions: joined}, "1\nred\n" + zeros + "\n4\n5\n6\n"},
		{session.LinesOptions{First: -2, Last: -1}, "1\nred\n"},
		{session.LinesOptions{First: -1, Last: -1, CaptureOptions: joined}, "red\n"},
	} {
		require.Equal(t, one.want, r.text(one.o), "%+v", one.o)
	}
	styled := r.text(session.LinesOptions{First: -1, Last: -1, CaptureOptions: session.CaptureOptions{Escapes: true}})
	require.Contains(t, styled, "\x1b[31mred")

	var invalid *session.InvalidError
	require.ErrorAs(t, r.fails(alice, session.LinesOptions{CaptureOptions: session.CaptureOptions{Lines: 2001, Trim: true}}), &invalid)
	require.Equal(t, "trim", invalid.Fields[0].Field)
}
