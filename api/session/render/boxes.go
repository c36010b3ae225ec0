package render

import "unicode/utf8"

// area is a part of a cell, in fractions of it.
type area struct {
	left, top, right, bottom float64
	opacity                  float64
}

// arms are, of each character from U+2500 on, the lines to the left, up, to the right
// and down: 0 none, 1 light, 2 heavy, 3 double. Diagonals have none. Dashes are
// drawn as lines, and arcs as corners.
const arms = "" +
	"1010 2020 0101 0202 1010 2020 0101 0202 " +
	"1010 2020 0101 0202 0011 0021 0012 0022 " +
	"1001 2001 1002 2002 0110 0120 0210 0220 " +
	"1100 2100 1200 2200 0111 0121 0211 0112 " +
	"0212 0221 0122 0222 1101 2101 1201 1102 " +
	"1202 2201 2102 2202 1011 2011 1021 2021 " +
	"1012 2012 1022 2022 1110 2110 1120 2120 " +
	"1210 2210 1220 2220 1111 2111 1121 2121 " +
	"1211 1112 1212 2211 1221 2112 1122 2221 " +
	"2122 2212 1222 2222 1010 2020 0101 0202 " +
	"3030 0303 0031 0013 0033 3001 1003 3003 " +
	"0130 0310 0330 3100 1300 3300 0131 0313 " +
	"0333 3101 1303 3303 3031 1013 3033 3130 " +
	"1310 3330 3131 1313 3333 0011 1001 1100 " +
	"0110 0000 0000 0000 1000 0100 0010 0001 " +
	"2000 0200 0020 0002 1020 0102 2010 0201 "

// areas are what a character of box drawing or blocks consists of, as fonts do
// not make them join; nil: it is none.
func areas(text string, width, height float64) []area {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case size != len(text):
		return nil
	case r >= 0x2500 && r < 0x2580:
		at := 5 * int(r-0x2500)
		return boxAreas(arms[at:at+4], width, height)
	case r >= 0x2580 && r < 0x25a0:
		return blockAreas(int(r - 0x2580))
	}
	return nil
}

// boxAreas are those of arms. Each goes a little beyond the middle, so that corners
// are whole. The width and the height are a cell's, in pixels; a line is one wide.
func boxAreas(arms string, width, height float64) []area {
	var list []area
	add := func(left, top, right, bottom float64) {
		list = append(list, area{left / width, top / height, right / width, bottom / height, 1})
	}
	x, y := float64(int(width/2)), float64(int(height/2)) // where light lines are
	for i, weight := range []byte(arms) {
		offsets, thick := []float64{0}, 1.0
		switch weight {
		case '0':
			continue
		case '2':
			offsets, thick = []float64{-1}, 3
		case '3':
			offsets = []float64{-1, 1}
		}
		for _, o := range offsets {
			switch i {
			case 0:
				add(0, y+o, x+2, y+o+thick)
			case 1:
				add(x+o, 0, x+o+thick, y+2)
			case 2:
				add(x-1, y+o, width, y+o+thick)
			case 3:
				add(x+o, y-1, x+o+thick, height)
			}
		}
	}
	return list
}

// blockAreas are those of the character U+2580+n.
func blockAreas(n int) []area {
	const eighth = 1.0 / 8
	part := func(left, top, right, bottom float64) []area { return []area{{left, top, right, bottom, 1}} }
	switch {
	case n == 0x00:
		return part(0, 0, 1, 0.5)
	case n <= 0x08:
		return part(0, 1-float64(n)*eighth, 1, 1)
	case n <= 0x0f:
		return part(0, 0, float64(0x10-n)*eighth, 1)
	case n == 0x10:
		return part(0.5, 0, 1, 1)
	case n <= 0x13:
		return []area{{0, 0, 1, 1, float64(n-0x10) / 4}}
	case n == 0x14:
		return part(0, 0, 1, eighth)
	case n == 0x15:
		return part(1-eighth, 0, 1, 1)
	}
	var list []area
	for i, quarter := range [4]area{{0, 0, 0.5, 0.5, 1}, {0.5, 0, 1, 0.5, 1}, {0, 0.5, 0.5, 1, 1}, {0.5, 0.5, 1, 1, 1}} {
		if quarters[n-0x16]>>i&1 == 1 {
			list = append(list, quarter)
		}
	}
	return list
}

// quarters are those of each character from U+2596 on: 1 the upper left, 2 the upper
// right, 4 the lower left, 8 the lower right.
var quarters = [...]byte{4, 8, 1, 13, 9, 7, 11, 2, 6, 14}
