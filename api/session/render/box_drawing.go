package render

import "unicode/utf8"

// rect is a filled rectangle within a cell. Its edges are fractions of the
// cell's width and height, from 0 at the left and the top.
type rect struct {
	left, top, right, bottom float64
	opacity                  float64
}

// boxLines has four digits for each character from U+2500 on: the weights of
// the lines that run from the cell's centre to the left, up, to the right and
// down. 0 is none, 1 light, 2 heavy, 3 double. Diagonals have no lines, so the
// font draws them. Dashes are drawn as whole lines, and arcs as corners.
const boxLines = "" +
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

// quadrants has one byte for each character from U+2596 on. Its bits are the
// filled quarters of the cell: 1 the upper left, 2 the upper right, 4 the lower
// left, 8 the lower right.
var quadrants = [...]byte{4, 8, 1, 13, 9, 7, 11, 2, 6, 14}

// boxRects returns the rectangles that make up a box-drawing or block character
// (U+2500 to U+259F) in a cell of width x height pixels. Fonts draw these
// characters with gaps between the cells; rectangles join. The result is nil
// for every other text, and for the diagonals.
func boxRects(text string, width, height float64) []rect {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case size != len(text):
		return nil
	case r >= 0x2500 && r < 0x2580:
		at := 5 * int(r-0x2500)
		return lineRects(boxLines[at:at+4], width, height)
	case r >= 0x2580 && r < 0x25a0:
		return blockRects(int(r - 0x2580))
	}
	return nil
}

// lineRects returns the rectangles for the four weights of boxLines. Each line
// reaches a little beyond the centre, so that corners have no hole. A light line
// is one pixel wide.
func lineRects(weights string, width, height float64) []rect {
	var list []rect
	add := func(left, top, right, bottom float64) {
		list = append(list, rect{left / width, top / height, right / width, bottom / height, 1})
	}
	x, y := float64(int(width/2)), float64(int(height/2)) // the pixel of a light line
	for direction, weight := range []byte(weights) {
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
			switch direction {
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

// blockRects returns the rectangles of the character U+2580+n.
func blockRects(n int) []rect {
	const eighth = 1.0 / 8
	one := func(left, top, right, bottom float64) []rect { return []rect{{left, top, right, bottom, 1}} }
	switch {
	case n == 0x00:
		return one(0, 0, 1, 0.5)
	case n <= 0x08:
		return one(0, 1-float64(n)*eighth, 1, 1)
	case n <= 0x0f:
		return one(0, 0, float64(0x10-n)*eighth, 1)
	case n == 0x10:
		return one(0.5, 0, 1, 1)
	case n <= 0x13:
		return []rect{{0, 0, 1, 1, float64(n-0x10) / 4}}
	case n == 0x14:
		return one(0, 0, 1, eighth)
	case n == 0x15:
		return one(1-eighth, 0, 1, 1)
	}
	var list []rect
	for i, quarter := range [4]rect{{0, 0, 0.5, 0.5, 1}, {0.5, 0, 1, 0.5, 1}, {0, 0.5, 0.5, 1, 1}, {0.5, 0.5, 1, 1, 1}} {
		if quadrants[n-0x16]>>i&1 == 1 {
			list = append(list, quarter)
		}
	}
	return list
}
