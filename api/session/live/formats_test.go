package live_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
)

// drawing starts a session of 20 by 5 cells. For each line that is typed its program
// clears the screen and gives the line to printf.
func (s service) drawing() int64 {
	s.t.Helper()
	id := s.MustCreate(s.alice, session.CreateOptions{Width: 20, Height: 5, Command: []string{
		"sh", "-c", `stty -echo; printf ready; while read -r x; do printf '\033[H\033[2J\033[3J'; printf "$x"; done`,
	}}).ID
	s.AwaitText(s.alice, id, "ready")
	return id
}

// draw has the program draw a text, and waits until the screen holds another one.
func (s service) draw(id int64, text, awaited string) {
	s.t.Helper()
	s.TypeLine(s.alice, id, text)
	s.AwaitText(s.alice, id, awaited)
}

// The text of a screen, plain, with escape sequences, joined, or with lines of its
// history.
func TestTextVariants(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	s.draw(id, `1\n\033[31mred\033[0m\n%025d\n\033[1m4\n5\n6`, "\n6\n")
	zeros := strings.Repeat("0", 20)
	for _, one := range []struct {
		o    session.CaptureOptions
		want string // the end of the text; in escape sequences: a part of it
	}{
		{session.CaptureOptions{}, "00000\n4\n5\n6\n"},
		{session.CaptureOptions{Lines: 1}, "6\n"},
		{session.CaptureOptions{Lines: 3}, "4\n5\n6\n"},
		{session.CaptureOptions{Lines: 6}, "red\n" + zeros + "\n00000\n4\n5\n6\n"},
		{session.CaptureOptions{Lines: 99}, "1\nred\n" + zeros + "\n00000\n4\n5\n6\n"},
		{session.CaptureOptions{Lines: 2000, Trim: true}, "1\nred\n" + zeros + "\n00000\n4\n5\n6\n"},
		{session.CaptureOptions{Lines: 4, Join: true}, zeros + "00000\n4\n5\n6\n"},
		{session.CaptureOptions{Lines: 6, Escapes: true}, "\x1b[31mred"},
		{session.CaptureOptions{Lines: 2, Escapes: true}, "\x1b[1m5"},
	} {
		got := s.text(id, one.o)
		if one.o.Escapes {
			require.Contains(t, strings.ReplaceAll(got, "\x1b[0m", ""), one.want, "%+v", one.o)
		} else {
			require.True(t, strings.HasSuffix(got, one.want), "%+v: %q", one.o, got)
		}
		if one.o.Lines > 0 {
			require.LessOrEqual(t, strings.Count(got, "\n"), 7)
		}
		one.o.Pane = "%999"
		_, err := s.Screen(t.Context(), s.alice, id, one.o)
		require.ErrorIs(t, err, session.ErrNotFound)
	}
}

// Trim decides which lines are the last.
func TestLastLinesOfAShortScreen(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	s.draw(id, `1\n2`, "1\n2\n")
	require.Equal(t, "\n\n", s.text(id, session.CaptureOptions{Lines: 2}))
	require.Equal(t, "2\n", s.text(id, session.CaptureOptions{Lines: 1, Trim: true}))
	require.Equal(t, "1\n2\n", s.text(id, session.CaptureOptions{Lines: 7, Trim: true}))
}

// variants are the variants and formats of a screen but its plain text. styled says
// that one shows styles.
var variants = []struct {
	name   string
	styled bool
	session.CaptureOptions
}{
	{"ANSI", true, session.CaptureOptions{Escapes: true}},
	{"joined", false, session.CaptureOptions{Join: true}},
	{"lines", false, session.CaptureOptions{Lines: 5}},
	{"lines in ANSI", true, session.CaptureOptions{Lines: 7, Escapes: true}},
	{"JSON", false, session.CaptureOptions{Format: session.JSON}},
	{"JSON with styles", true, session.CaptureOptions{Format: session.JSON, Styles: true}},
	{"trimmed JSON with styles", true, session.CaptureOptions{Format: session.JSON, Styles: true, Trim: true}},
	{"HTML", true, session.CaptureOptions{Format: session.HTML}},
	{"SVG", true, session.CaptureOptions{Format: session.SVG}},
	{"PNG", true, session.CaptureOptions{Format: session.PNG}},
}

// Every variant has an ETag that stays while the screen stays, and a viewer waits for
// a change of the variant, also for one that plain text does not show.
func TestChangesOfVariants(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	s.draw(id, "one", "one")
	for i, v := range variants {
		etag := s.look(id, v.CaptureOptions).ETag
		require.NotEmpty(t, etag, v.name)
		require.Equal(t, etag, s.look(id, v.CaptureOptions).ETag, v.name)
		waiting := s.awaitNews(id, v.CaptureOptions, etag)
		text := fmt.Sprintf("two%d", i)
		if v.styled { // only the style is another
			text = fmt.Sprintf(`\033[%dmone`, 31+i%6)
		}
		s.TypeLine(s.alice, id, text)
		got := <-waiting
		require.NoError(t, got.err, v.name)
		require.NotEqual(t, etag, got.ETag, v.name)
		s.AwaitHeld(0)
	}
}

// A variant that nothing has changed is answered without asking tmux.
func TestVariantsAreCached(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	for _, v := range variants {
		// Once the session is live, and within the second that a capture counts as current.
		s.Eventually(v.name+" is cached", func() bool {
			before := s.Stats()
			s.look(id, v.CaptureOptions)
			s.look(id, v.CaptureOptions)
			after := s.Stats()
			return after.Captures == before.Captures && after.Hits == before.Hits+2
		})
	}
	for i := range 100 { // more than are kept
		s.look(id, session.CaptureOptions{Lines: i + 1})
	}
}

// document is a screen in JSON.
type document struct {
	Lines         []string
	Width, Height int
	Cursor        struct {
		X, Y    int
		Visible bool
	}
	Alternate   bool
	Mode        string
	HistorySize int `json:"history_size"`
	Runs        [][]map[string]any
}

func (s service) document(id int64, o session.CaptureOptions) (d document) {
	s.t.Helper()
	o.Format = session.JSON
	require.NoError(s.t, json.Unmarshal(s.look(id, o).Text, &d))
	return d
}

func TestScreenAsJSON(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	s.draw(id, `1\n2\n3\n4\n5 <&>  \n\033[1;38;5;208m\346\227\245\346\234\254\033[0m \033[41mred\033[0m`, "red")
	d := s.document(id, session.CaptureOptions{})
	require.Equal(t, []string{"2", "3", "4", "5 <&>", "日本 red"}, d.Lines)
	require.Equal(t, []int{20, 5, 8, 4, 1}, []int{d.Width, d.Height, d.Cursor.X, d.Cursor.Y, d.HistorySize})
	require.True(t, d.Cursor.Visible)
	require.False(t, d.Alternate)
	require.Empty(t, d.Mode)
	require.Nil(t, d.Runs)
	require.Equal(t, strings.Join(d.Lines, "\n")+"\n", s.text(id, session.CaptureOptions{}))

	styled := s.document(id, session.CaptureOptions{Styles: true})
	require.Equal(t, d.Lines, styled.Lines)
	require.Equal(t, []map[string]any{
		{"x": 0.0, "width": 4.0, "text": "日本", "fg": "colour208", "bold": true},
		{"x": 4.0, "width": 1.0, "text": " "},
		{"x": 5.0, "width": 3.0, "text": "red", "bg": "red"},
	}, styled.Runs[4])
	require.Len(t, styled.Runs, 5)

	s.draw(id, `\033[?1049h\033[?25lx\033[3;5H`, "x\n")
	d = s.document(id, session.CaptureOptions{Trim: true})
	require.Equal(t, []string{"x"}, d.Lines)
	require.True(t, d.Alternate)
	require.Equal(t, []int{4, 2}, []int{d.Cursor.X, d.Cursor.Y})
	require.False(t, d.Cursor.Visible)
}

// A cursor that moves changes the JSON, and leaves the text as it was.
func TestCursorIsAChangeOfJSON(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	s.draw(id, `x\033[3;5H`, "x\n")
	o := session.CaptureOptions{Format: session.JSON}
	waiting := s.awaitNews(id, o, s.look(id, o).ETag)
	plain := s.look(id, session.CaptureOptions{}).ETag
	s.TypeLine(s.alice, id, `x\033[2;2H`)
	require.NoError(t, (<-waiting).err)
	s.Eventually("the text is as before", func() bool { return s.look(id, session.CaptureOptions{}).ETag == plain })
}

func TestPicturesOfTheScreen(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.drawing()
	s.draw(id, `\033[31m<b>\033[0m\033[?25l`, "<b>")
	for format, want := range map[session.Format]string{
		session.HTML: `<span style="color:#cd0000;">&lt;b&gt;</span>`,
		session.SVG:  `fill="#cd0000">&lt;b&gt;</text>`,
		session.PNG:  "PNG",
	} {
		require.Contains(t, s.text(id, session.CaptureOptions{Format: format}), want)
	}
	picture, err := png.Decode(bytes.NewReader(s.look(id, session.CaptureOptions{Format: session.PNG}).Text))
	require.NoError(t, err)
	require.Equal(t, image.Pt(20*8, 5*16), picture.Bounds().Size())
	red := 0
	for i := range 20 * 8 * 16 {
		if r, g, b, _ := picture.At(i%160, i/160).RGBA(); r>>8 == 0xcd && g == 0 && b == 0 {
			red++
		}
	}
	require.Greater(t, red, 30)
}

// A pane of more cells than a picture may have still has its text.
func TestPictureOfALargePane(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.MustCreate(s.alice, session.CreateOptions{Width: 1000, Height: 66}).ID
	for _, format := range []session.Format{session.HTML, session.SVG, session.PNG} {
		_, err := s.Screen(t.Context(), s.alice, id, session.CaptureOptions{Format: format})
		var invalid *session.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "format", invalid.Fields[0].Field)
		require.Contains(t, invalid.Fields[0].Detail, "66000 cells")
	}
	require.Equal(t, 1000, s.document(id, session.CaptureOptions{Styles: true}).Width)
}
