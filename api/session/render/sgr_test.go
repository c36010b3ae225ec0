package render

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSGR(t *testing.T) {
	t.Parallel()
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
		"4:3;58;2;255;0;0":          {Underline: Curly, UnderlineColor: RGB(255, 0, 0)},
		"4:2;58:5:9":                {Underline: Double, UnderlineColor: Indexed(9)},
		"4:4;58:5:9;59":             {Underline: Dotted},
		"4:5;4:0":                   {},
		"21":                        {Underline: Double},
		"38;5":                      {}, // cut off
		"38;2;1;2":                  {},
		"38;9;1;31":                 {},
		"48;5;999;x;-1;4:9;4:;77;1": {Background: Indexed(255), Bold: true},
	} {
		var s Style
		s.applySGR(sequence)
		require.Equal(t, want, s, sequence)
	}
}
