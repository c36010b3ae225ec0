package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func TestCaptureOptionsCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		o      session.CaptureOptions
		fields []string
	}{
		{session.CaptureOptions{}, nil},
		{session.CaptureOptions{Pane: "%5", Trim: true, Escapes: true, Join: true, Lines: session.MaxShownLines}, nil},
		{session.CaptureOptions{Format: session.JSON, Styles: true, Trim: true}, nil},
		{session.CaptureOptions{Format: session.PNG}, nil},
		{session.CaptureOptions{Lines: -1}, []string{"lines"}},
		{session.CaptureOptions{Lines: session.MaxShownLines + 1}, []string{"lines"}},
		{session.CaptureOptions{Format: session.JSON, Lines: 1}, []string{"lines"}},
		{session.CaptureOptions{Styles: true}, []string{"styles"}},
		{session.CaptureOptions{Format: session.HTML, Styles: true}, []string{"styles"}},
		{session.CaptureOptions{Format: session.JSON, Escapes: true, Join: true}, []string{"escapes", "join"}},
		{
			session.CaptureOptions{Format: session.SVG, Lines: 1, Styles: true, Escapes: true, Join: true, Trim: true},
			[]string{"lines", "styles", "escapes", "join", "trim"},
		},
	} {
		require.Equal(t, test.fields, refused(t, test.o.Check()), "%+v", test.o)
	}
	for format, picture := range map[session.Format]bool{
		session.Text: false, session.JSON: false, session.HTML: true, session.SVG: true, session.PNG: true,
	} {
		require.Equal(t, picture, format.IsPicture())
	}
}

func TestLinesOptionsCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		o      session.CaptureOptions
		fields []string
	}{
		{session.CaptureOptions{}, nil},
		{session.CaptureOptions{Escapes: true, Join: true, Lines: session.MaxShownLines + 1}, nil},
		{session.CaptureOptions{Trim: true, Lines: session.MaxShownLines}, nil},
		{session.CaptureOptions{Trim: true, Lines: session.MaxShownLines + 1}, []string{"trim"}},
		{session.CaptureOptions{Format: session.JSON}, []string{"format"}},
		{session.CaptureOptions{Format: session.PNG}, []string{"format"}},
		{session.CaptureOptions{Styles: true}, []string{"format"}},
	} {
		require.Equal(t, test.fields, refused(t, session.LinesOptions{CaptureOptions: test.o}.Check()), "%+v", test.o)
	}
}

// Equal texts have equal entity tags.
func TestNewSnapshot(t *testing.T) {
	t.Parallel()
	s := session.NewSnapshot([]byte("hello\n"))
	require.Equal(t, "hello\n", string(s.Text))
	require.Regexp(t, `^"[0-9a-f]{32}"$`, s.ETag)
	require.Equal(t, s, session.NewSnapshot([]byte("hello\n")))
	require.NotEqual(t, s.ETag, session.NewSnapshot([]byte("hello")).ETag)
}
