package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// columns spells the cells of a line: each one's text, a _ for its second column,
// and a |.
func columns(text string) string {
	var b strings.Builder
	for _, c := range Parse(text+"\n", 20, 1).Lines[0] {
		b.WriteString(c.Text + strings.Repeat("_", c.Width-1) + "|")
	}
	return b.String()
}

func TestWidths(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ab":                      "a|b|",
		"日本x":                     "日_|本_|x|",
		"e\u0301x":                "e\u0301|x|",
		"\u0301x":                 "\u0301|x|",
		"한글":                      "한_|글_|",
		"ｶﾅ":                      "ｶ|ﾅ|",
		"😀x":                      "😀_|x|",
		"👩\u200d💻x":               "👩\u200d💻_|x|",
		"❤\ufe0fx":                "❤\ufe0f|x|", // one cell to tmux
		"🇩🇪x":                     "🇩🇪_|x|",
		"½★─":                     "½|★|─|",
		"\x0elqk\x0fq":            "┌|─|┐|q|",
		"\x1b]8;;u\x1b\\a\x1b[1m": "a|",
		"\x1b[":                   "\x1b|[|",
	} {
		require.Equal(t, want, columns(text), "%q", text)
	}
	require.Len(t, Parse("日日日\n", 5, 1).Lines[0], 2, "a character that does not fit is dropped")
	require.Len(t, Parse("1\n2\n3\n", 5, 2).Lines, 2)
	require.Equal(t, [][]Cell{nil, nil}, Parse("", 5, 2).Lines)
}

// A style carries over to the next line: tmux writes its end only where another
// style begins.
func TestStyleCarriesOverToTheNextLine(t *testing.T) {
	t.Parallel()
	s := Parse("\x1b[31ma\nb\x1b[0mc\n", 5, 2)
	require.Equal(t, Style{Foreground: Indexed(1)}, s.Lines[1][0].Style)
	runs := Runs(s.Lines[1])
	require.Len(t, runs, 2)
	require.Equal(t, []int{0, 1, 1, 1}, []int{runs[0].X, runs[0].Width, runs[1].X, runs[1].Width})
	require.Equal(t, "a b\n\nc\n", string(Plain([]byte("\x1b[31ma\x0e b\x0f  \n  \x1b[0m\nc\n"))))
}
