// Package render makes documents and pictures of a terminal's screen from its lines
// with SGR escapes, as tmux tells them: tmux has done what a terminal does, and
// what is left is a grid of characters and styles.
package render

import (
	"fmt"
	"strconv"
)

// Color is a cell's: the terminal's default, one of a palette of 256, or RGB. The
// zero value is the default.
type Color uint32

const (
	indexed Color = 1 << 24
	direct  Color = 2 << 24
)

// Indexed is a color of the palette.
func Indexed(n uint8) Color { return indexed | Color(n) }

// RGB is a color by its parts.
func RGB(r, g, b uint8) Color { return direct | Color(r)<<16 | Color(g)<<8 | Color(b) }

var colorNames = [...]string{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"}

// String is the color's name in tmux's style: red, brightred, colour200, #0a0b0c;
// empty for the default.
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

// Underline is the kind of line under a character.
type Underline uint8

// The kinds, by their numbers in SGR 4:n.
const (
	NoUnderline Underline = iota
	Single
	Double
	Curly
	Dotted
	Dashed
)

func (u Underline) String() string {
	return [...]string{"", "single", "double", "curly", "dotted", "dashed"}[u]
}

// Style is how a character is shown.
type Style struct {
	Foreground, Background, Line                                Color // Line: of the underline
	Underline                                                   Underline
	Bold, Dim, Italic, Blink, Reverse, Hidden, Strike, Overline bool
}
