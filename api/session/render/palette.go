package render

import "fmt"

// rgb is a color by its red, green and blue.
type rgb struct{ r, g, b uint8 }

// String returns the color in the notation of CSS, such as #0a0b0c.
func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// The default colors and ansiColors are those of xterm on a black background.
var (
	defaultForeground = rgb{0xe5, 0xe5, 0xe5}
	defaultBackground = rgb{0, 0, 0}
)

var ansiColors = [16]rgb{
	{0, 0, 0},
	{0xcd, 0, 0},
	{0, 0xcd, 0},
	{0xcd, 0xcd, 0},
	{0, 0, 0xee},
	{0xcd, 0, 0xcd},
	{0, 0xcd, 0xcd},
	{0xe5, 0xe5, 0xe5},
	{0x7f, 0x7f, 0x7f},
	{0xff, 0, 0},
	{0, 0xff, 0},
	{0xff, 0xff, 0},
	{0x5c, 0x5c, 0xff},
	{0xff, 0, 0xff},
	{0, 0xff, 0xff},
	{0xff, 0xff, 0xff},
}

// rgb looks the color up in xterm's palette. The terminal's default color, which
// is the zero Color, gives fallback.
func (c Color) rgb(fallback rgb) rgb {
	n := int(c & 0xffffff)
	switch {
	case c == 0:
		return fallback
	case c&direct != 0:
		return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}
	case n < 16:
		return ansiColors[n]
	case n < 232: // a cube of 6x6x6 colors; the rest are grays
		level := func(i int) uint8 {
			if i %= 6; i > 0 {
				return uint8(55 + 40*i)
			}
			return 0
		}
		n -= 16
		return rgb{level(n / 36), level(n / 6), level(n)}
	}
	gray := uint8(8 + 10*(n-232))
	return rgb{gray, gray, gray}
}

// colors returns the colors to draw with, after reverse, dim and hidden have
// been applied. The underline has the color of the text unless it has its own.
func (s Style) colors() (foreground, background, underline rgb) {
	foreground = s.Foreground.rgb(defaultForeground)
	background = s.Background.rgb(defaultBackground)
	if s.Reverse {
		foreground, background = background, foreground
	}
	if s.Dim {
		foreground = dimmed(foreground, background)
	}
	if s.Hidden {
		foreground = background
	}
	return foreground, background, s.UnderlineColor.rgb(foreground)
}

// dimmed mixes three fifths of the foreground with two of the background.
func dimmed(foreground, background rgb) rgb {
	mix := func(x, y uint8) uint8 { return uint8((3*int(x) + 2*int(y)) / 5) }
	return rgb{mix(foreground.r, background.r), mix(foreground.g, background.g), mix(foreground.b, background.b)}
}
