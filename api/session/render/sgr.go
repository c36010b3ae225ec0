package render

import (
	"strconv"
	"strings"
)

// apply takes the parameters of an SGR sequence. What it does not know it leaves
// out.
func (s *Style) apply(parameters string) {
	words := strings.Split(parameters, ";")
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if first, rest, colons := strings.Cut(word, ":"); colons {
			s.applyColons(number(first), strings.Split(rest, ":"))
			continue
		}
		n := number(word)
		switch n {
		case 38, 48, 58:
			color, used := extended(words)
			words = words[used:]
			*s.color(n) = color
		default:
			s.applyOne(n)
		}
	}
}

// number reads a parameter; an empty one is 0, a senseless one -1.
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

// color is what 38, 48 and 58 set.
func (s *Style) color(n int) *Color {
	switch n {
	case 38:
		return &s.Foreground
	case 48:
		return &s.Background
	}
	return &s.Line
}

// extended reads 5;n or 2;r;g;b.
func extended(words []string) (c Color, used int) {
	part := func(i int) uint8 { return uint8(min(max(number(words[i]), 0), 255)) }
	switch {
	case len(words) >= 2 && words[0] == "5":
		return Indexed(part(1)), 2
	case len(words) >= 4 && words[0] == "2":
		return RGB(part(1), part(2), part(3)), 4
	}
	return 0, len(words)
}

// applyColons takes 4:n, and colors in the form 38:5:n, 38:2::r:g:b or 38:2:r:g:b.
func (s *Style) applyColons(n int, rest []string) {
	switch n {
	case 5:
		s.Overline = rest[0] == "3" // what tmux writes for 53
	case 4:
		if kind := number(rest[0]); kind >= 0 && kind <= int(Dashed) {
			s.Underline = Underline(kind)
		}
	case 38, 48, 58:
		if len(rest) == 5 && rest[0] == "2" { // with a color space
			rest = append([]string{"2"}, rest[2:]...)
		}
		*s.color(n), _ = extended(rest)
	}
}

func (s *Style) applyOne(n int) {
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
		s.applyEnd(n)
	}
}

// applyEnd takes what ends a style.
func (s *Style) applyEnd(n int) {
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
		s.Line = 0
	default:
		s.applyColor(n)
	}
}

// applyColor takes the 16 colors that have numbers of their own.
func (s *Style) applyColor(n int) {
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
