package render

import "fmt"

// rgb is a color as it is shown.
type rgb struct{ r, g, b uint8 }

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// The defaults, and the 16 colors, are xterm's on black.
var (
	defaultForeground = rgb{0xe5, 0xe5, 0xe5}
	defaultBackground = rgb{0, 0, 0}
)

var sixteen = [16]rgb{
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

// shown is the color as it is shown, unless it is the default.
func (c Color) shown(standard rgb) rgb {
	n := int(c & 0xffffff)
	switch {
	case c == 0:
		return standard
	case c&direct != 0:
		return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}
	case n < 16:
		return sixteen[n]
	case n < 232: // a cube
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

// colors are those in which a style is shown, and that of its underline.
func (s Style) colors() (foreground, background, line rgb) {
	foreground = s.Foreground.shown(defaultForeground)
	background = s.Background.shown(defaultBackground)
	if s.Reverse {
		foreground, background = background, foreground
	}
	if s.Dim {
		foreground = between(foreground, background)
	}
	if s.Hidden {
		foreground = background
	}
	return foreground, background, s.Line.shown(foreground)
}

// between is three fifths of the first and two of the second.
func between(a, b rgb) rgb {
	mix := func(x, y uint8) uint8 { return uint8((3*int(x) + 2*int(y)) / 5) }
	return rgb{mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)}
}
