package render

import (
	"fmt"
	"strconv"
)

// Color is the terminal's default color (the zero value), one of a palette of
// 256, or a direct RGB color.
type Color uint32

// The kinds of Color, above the 24 bits of its value.
const (
	indexed Color = 1 << 24
	direct  Color = 2 << 24
)

// Indexed returns the color n of the palette: 0 to 15 are the ANSI colors, 16 to
// 231 a cube of 6x6x6 colors, and 232 to 255 grays.
func Indexed(n uint8) Color { return indexed | Color(n) }

// RGB returns a direct color.
func RGB(r, g, b uint8) Color { return direct | Color(r)<<16 | Color(g)<<8 | Color(b) }

var colorNames = [...]string{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"}

// String returns the color as tmux spells it in a style: red, brightred,
// colour200 or #0a0b0c. It returns "" for the default color.
func (c Color) String() string {
	n := c & 0xffffff
	switch {
	case c == 0:
		return ""
	case c&direct != 0:
		return fmt.Sprintf("#%06x", uint32(n))
	case n < 8:
		return colorNames[n]
	case n < 16:
		return "bright" + colorNames[n-8]
	}
	return "colour" + strconv.Itoa(int(n))
}

// Underline is the kind of a line under a character. The values are the n of
// SGR 4:n.
type Underline uint8

// The kinds of Underline.
const (
	NoUnderline Underline = iota
	Single
	Double
	Curly
	Dotted
	Dashed
)

// String returns the name of the kind in lower case, and "" for NoUnderline.
func (u Underline) String() string {
	return [...]string{"", "single", "double", "curly", "dotted", "dashed"}[u]
}

// Style holds the graphic attributes of a cell, as SGR sets them.
type Style struct {
	Foreground, Background                                      Color
	UnderlineColor                                              Color // the default is that of the text
	Underline                                                   Underline
	Bold, Dim, Italic, Blink, Reverse, Hidden, Strike, Overline bool
}
