package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSGR(t *testing.T) {
	for sequence, want := range map[string]Style{
		"":                          {},
		"0":                         {},
		"1;2;3;4;5;7;8;9;53":        {Bold: true, Dim: true, Italic: true, Underline: Single, Blink: true, Reverse: true, Hidden: true, Strike: true, Overline: true},
		"1;2;3;4;5;7;8;9;0":         {},
		"1;2;22":                    {},
		"3;4;5;7;8;9;53;23;24;25":   {Reverse: true, Hidden: true, Strike: true, Overline: true},
		"7;8;9;53;27;28;29;55":      {Strike: false},
		"5:3":                       {Overline: true}, // tmux's spelling of 53
		"31;42":                     {Foreground: Indexed(1), Background: Indexed(2)},
		"91;107":                    {Foreground: Indexed(9), Background: Indexed(15)},
		"31;42;39;49":               {},
		"38;5;200;48;5;17;1":        {Foreground: Indexed(200), Background: Indexed(17), Bold: true},
		"38;2;1;2;3;48;2;4;5;6":     {Foreground: RGB(1, 2, 3), Background: RGB(4, 5, 6)},
		"38:5:200":                  {Foreground: Indexed(200)},
		"38:2::1:2:3;48:2:4:5:6":    {Foreground: RGB(1, 2, 3), Background: RGB(4, 5, 6)},
		"4:3;58;2;255;0;0":          {Underline: Curly, Line: RGB(255, 0, 0)},
		"4:2;58:5:9":                {Underline: Double, Line: Indexed(9)},
		"4:4;58:5:9;59":             {Underline: Dotted},
		"4:5;4:0":                   {},
		"21":                        {Underline: Double},
		"38;5":                      {}, // cut off
		"38;2;1;2":                  {},
		"38;9;1;31":                 {},
		"48;5;999;x;-1;4:9;4:;77;1": {Background: Indexed(255), Bold: true},
	} {
		var s Style
		s.apply(sequence)
		require.Equal(t, want, s, sequence)
	}
}

func TestColorNames(t *testing.T) {
	require.Equal(t, []string{"", "red", "brightwhite", "colour16", "#00ff0a"},
		[]string{Color(0).String(), Indexed(1).String(), Indexed(15).String(), Indexed(16).String(), RGB(0, 255, 10).String()})
	for n, want := range map[uint8]string{0: "#000000", 12: "#5c5cff", 16: "#000000", 21: "#0000ff", 196: "#ff0000", 231: "#ffffff", 110: "#87afd7", 232: "#080808", 255: "#eeeeee"} {
		require.Equal(t, want, Indexed(n).shown(rgb{}).String(), "%d", n)
	}
}

// columns are where a line's characters begin.
func columns(text string) string {
	var b strings.Builder
	for _, c := range Parse(text+"\n", 20, 1).Lines[0] {
		b.WriteString(c.Text + strings.Repeat("_", c.Width-1) + "|")
	}
	return b.String()
}

func TestWidths(t *testing.T) {
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
	require.Len(t, Parse("日日日\n", 5, 1).Lines[0], 2, "what is beyond the width is not shown")
	require.Len(t, Parse("1\n2\n3\n", 5, 2).Lines, 2)
	require.Equal(t, [][]Cell{nil, nil}, Parse("", 5, 2).Lines)
}

// tmux tells the style of a line's end at the next.
func TestStylesGoOnFromLineToLine(t *testing.T) {
	s := Parse("\x1b[31ma\nb\x1b[0mc\n", 5, 2)
	require.Equal(t, Style{Foreground: Indexed(1)}, s.Lines[1][0].Style)
	runs := Runs(s.Lines[1])
	require.Len(t, runs, 2)
	require.Equal(t, []int{0, 1, 1, 1}, []int{runs[0].X, runs[0].Width, runs[1].X, runs[1].Width})
	require.Equal(t, "a b\n\nc\n", string(Plain([]byte("\x1b[31ma\x0e b\x0f  \n  \x1b[0m\nc\n"))))
}

func TestCursor(t *testing.T) {
	reversed := func(x, y int) (at []int) {
		s := Parse("a日\n", 5, 2)
		s.Cursor = Cursor{X: x, Y: y, Visible: true}
		for line := range s.Lines {
			column := 0
			for _, c := range s.painted(line) {
				if c.Style.Reverse {
					at = append(at, column, line)
				}
				column += c.Width
			}
			require.Equal(t, 5, column)
		}
		return at
	}
	require.Equal(t, []int{0, 0}, reversed(0, 0))
	require.Equal(t, []int{1, 0}, reversed(1, 0))
	require.Equal(t, []int{1, 0}, reversed(2, 0), "on the second half")
	require.Equal(t, []int{4, 0}, reversed(5, 0), "the next character wraps")
	require.Equal(t, []int{3, 1}, reversed(3, 1), "where nothing is")
	require.Empty(t, reversed(0, 7))
}

// Nothing that a program prints is markup.
func TestPicturesEscapeText(t *testing.T) {
	s := Parse("<script>&\"'</pre>\x01\x7f\n", 30, 1)
	for _, picture := range [][]byte{s.HTML(), s.SVG()} {
		require.NotContains(t, string(picture), "<script")
		require.NotContains(t, string(picture), "&\"")
		require.Equal(t, 1, strings.Count(string(picture), "</pre>")+strings.Count(string(picture), "</svg>"))
	}
	require.NotContains(t, string(s.SVG()), "\x01", "XML has no such character")
}
