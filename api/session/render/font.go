package render

import (
	"bufio"
	"compress/gzip"
	"embed"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
)

// unifont is GNU Unifont, in its own hex format: characters of 8 or 16 by 16 dots
// for the whole Basic Multilingual Plane, and from another file for emoji. See
// fonts/README.md.
//
//go:embed fonts/*.hex.gz
var unifont embed.FS

// glyph is a character's dots.
type glyph struct {
	wide bool       // 16 dots instead of 8
	rows [16]uint16 // the leftmost dot is the highest bit
}

// font is unpacked when it is needed first: some megabytes that most never need.
var font = sync.OnceValue(func() map[rune]glyph {
	glyphs := make(map[rune]glyph, 60_000)
	files, err := unifont.ReadDir("fonts")
	for _, f := range files {
		if err == nil {
			err = unpack("fonts/"+f.Name(), glyphs)
		}
	}
	if err != nil {
		panic(err) // it is a part of the program
	}
	return glyphs
})

func unpack(file string, glyphs map[rune]glyph) error {
	packed, err := unifont.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = packed.Close() }()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(unpacked)
	for lines.Scan() {
		code, dots, _ := strings.Cut(lines.Text(), ":")
		r, err := strconv.ParseInt(code, 16, 32)
		if err != nil {
			return err
		}
		bits, err := hex.DecodeString(dots)
		if err != nil {
			return err
		}
		glyphs[rune(r)] = newGlyph(bits)
	}
	return lines.Err()
}

// newGlyph takes 16 rows of one byte or of two.
func newGlyph(bits []byte) glyph {
	g := glyph{wide: len(bits) == 32}
	for y := range g.rows {
		if g.wide {
			g.rows[y] = uint16(bits[2*y])<<8 | uint16(bits[2*y+1])
		} else {
			g.rows[y] = uint16(bits[y]) << 8
		}
	}
	return g
}

// glyphOf is the character as wide as its cell: cells are of 8 dots.
func glyphOf(c Cell) glyph {
	shape := glyph{wide: c.Width == 2}
	for _, r := range c.Text {
		if r >= 0x200b && r < 0x2010 || r >= 0xfe00 && r < 0xfe10 || r >= 0xe0000 && r < 0xe1000 {
			continue // says how to show others, and is not seen; the font has names for these
		}
		g, known := font()[r]
		if !known {
			g = unknown(shape.wide)
		}
		for y, row := range g.rows {
			switch {
			case g.wide && !shape.wide:
				row = narrowed(row)
			case shape.wide && !g.wide:
				row >>= 4 // in the middle
			}
			shape.rows[y] |= row
		}
	}
	return shape
}

// narrowed is a row of 16 dots as one of 8.
func narrowed(row uint16) uint16 {
	var half uint16
	for i := range 8 {
		if row>>(14-2*i)&3 != 0 {
			half |= 0x8000 >> i
		}
	}
	return half
}

// unknown is what stands for a character that the font does not have: a frame.
func unknown(wide bool) glyph {
	g := glyph{wide: wide}
	edge, side := uint16(0x7e00), uint16(0x4200)
	if wide {
		edge, side = 0x7ffe, 0x4002
	}
	for y := 2; y < 14; y++ {
		g.rows[y] = side
	}
	g.rows[2], g.rows[13] = edge, edge
	return g
}

// bold has every dot twice, side by side.
func (g glyph) bold() glyph {
	for y, row := range g.rows {
		g.rows[y] = row | row>>1
		if !g.wide {
			g.rows[y] &= 0xff00
		}
	}
	return g
}

// italic leans to the right.
func (g glyph) italic() glyph {
	for y, row := range g.rows {
		switch {
		case y < 6:
			row >>= 1
		case y > 11:
			row <<= 1
		}
		if !g.wide {
			row &= 0xff00
		}
		g.rows[y] = row
	}
	return g
}
