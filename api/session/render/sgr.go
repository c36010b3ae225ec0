package render

import (
	"strconv"
	"strings"
)

// applySGR changes the style by the parameters of one SGR sequence, which are
// separated by semicolons. It ignores unknown and malformed parameters.
func (s *Style) applySGR(parameters string) {
	words := strings.Split(parameters, ";")
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if first, rest, colons := strings.Cut(word, ":"); colons {
			s.applySubparameters(number(first), strings.Split(rest, ":"))
			continue
		}
		n := number(word)
		switch n {
		case 38, 48, 58:
			color, used := extendedColor(words)
			words = words[used:]
			*s.colorTarget(n) = color
		default:
			s.applyOn(n)
		}
	}
}

// number reads a parameter. An empty one is 0, and one that is no number is -1.
func number(word string) int {
	if word == "" {
		return 0
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		return -1
	}
	return n
}

// colorTarget returns the color that the parameter 38, 48 or 58 sets.
func (s *Style) colorTarget(n int) *Color {
	switch n {
	case 38:
		return &s.Foreground
	case 48:
		return &s.Background
	}
	return &s.UnderlineColor
}

// extendedColor reads the parameters after 38, 48 or 58: 5;n for a color of the
// palette or 2;r;g;b for a direct one. It returns how many of words belong to it.
func extendedColor(words []string) (c Color, used int) {
	part := func(i int) uint8 { return uint8(min(max(number(words[i]), 0), 255)) }
	switch {
	case len(words) >= 2 && words[0] == "5":
		return Indexed(part(1)), 2
	case len(words) >= 4 && words[0] == "2":
		return RGB(part(1), part(2), part(3)), 4
	}
	return 0, len(words)
}

// applySubparameters applies a parameter n with parts after a colon: 4:n, and
// colors in the form 38:5:n, 38:2::r:g:b or 38:2:r:g:b.
func (s *Style) applySubparameters(n int, rest []string) {
	switch n {
	case 5:
		s.Overline = rest[0] == "3" // tmux writes 5:3 for 53
	case 4:
		if kind := number(rest[0]); kind >= 0 && kind <= int(Dashed) {
			s.Underline = Underline(kind)
		}
	case 38, 48, 58:
		if len(rest) == 5 && rest[0] == "2" { // skip the color space
			rest = append([]string{"2"}, rest[2:]...)
		}
		*s.colorTarget(n), _ = extendedColor(rest)
	}
}

// applyOn applies a parameter that switches an attribute on, or resets all.
func (s *Style) applyOn(n int) {
	switch n {
	case 0:
		*s = Style{}
	case 1:
		s.Bold = true
	case 2:
		s.Dim = true
	case 3:
		s.Italic = true
	case 4:
		s.Underline = Single
	case 5, 6:
		s.Blink = true
	case 7:
		s.Reverse = true
	case 8:
		s.Hidden = true
	case 9:
		s.Strike = true
	case 21:
		s.Underline = Double
	case 53:
		s.Overline = true
	default:
		s.applyOff(n)
	}
}

// applyOff applies a parameter that switches an attribute off.
func (s *Style) applyOff(n int) {
	switch n {
	case 22:
		s.Bold, s.Dim = false, false
	case 23:
		s.Italic = false
	case 24:
		s.Underline = NoUnderline
	case 25:
		s.Blink = false
	case 27:
		s.Reverse = false
	case 28:
		s.Hidden = false
	case 29:
		s.Strike = false
	case 39:
		s.Foreground = 0
	case 49:
		s.Background = 0
	case 55:
		s.Overline = false
	case 59:
		s.UnderlineColor = 0
	default:
		s.applyANSIColor(n)
	}
}

// applyANSIColor applies a parameter that sets one of the 16 ANSI colors.
func (s *Style) applyANSIColor(n int) {
	switch {
	case n >= 30 && n < 38:
		s.Foreground = Indexed(uint8(n - 30))
	case n >= 40 && n < 48:
		s.Background = Indexed(uint8(n - 40))
	case n >= 90 && n < 98:
		s.Foreground = Indexed(uint8(n - 90 + 8))
	case n >= 100 && n < 108:
		s.Background = Indexed(uint8(n - 100 + 8))
	}
}
