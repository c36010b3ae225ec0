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

// unifont holds GNU Unifont in its own hex format: a bitmap of 8x16 or 16x16
// dots for each character of the Basic Multilingual Plane, and a second file
// for emoji. See fonts/README.md.
//
//go:embed fonts/*.hex.gz
var unifont embed.FS

// font returns the bitmaps of all characters. The first call unpacks them and
// they stay in memory, a few megabytes that a service without PNG never uses.
var font = sync.OnceValue(func() map[rune]glyph {
	glyphs := make(map[rune]glyph, 60_000)
	files, err := unifont.ReadDir("fonts")
	for _, f := range files {
		if err == nil {
			err = loadFont("fonts/"+f.Name(), glyphs)
		}
	}
	if err != nil {
		panic(err) // the files are embedded in the program
	}
	return glyphs
})

// glyph is the bitmap of a character.
type glyph struct {
	wide bool       // 16 dots in a row instead of 8
	rows [16]uint16 // the highest bit is the leftmost dot
}

// newGlyph reads 16 rows of one byte each, or of two.
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

// bold returns the glyph with each dot doubled to the right.
func (g glyph) bold() glyph {
	for y, row := range g.rows {
		g.rows[y] = row | row>>1
		if !g.wide {
			g.rows[y] &= 0xff00
		}
	}
	return g
}

// italic returns the glyph slanted to the right.
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

// glyphOf returns the bitmap of a cell's text, 8 dots wide for each of the
// cell's columns. Combining marks are drawn over their base character.
func glyphOf(c Cell) glyph {
	combined := glyph{wide: c.Width == 2}
	for _, r := range c.Text {
		if isInvisible(r) {
			continue
		}
		g, known := font()[r]
		if !known {
			g = missingGlyph(combined.wide)
		}
		for y, row := range g.rows {
			switch {
			case g.wide && !combined.wide:
				row = halfWidth(row)
			case combined.wide && !g.wide:
				row >>= 4 // centred
			}
			combined.rows[y] |= row
		}
	}
	return combined
}

// isInvisible reports whether r is a joiner, a direction mark, a variation
// selector or a tag. These change how other characters look and have no look of
// their own; the font shows their names instead.
func isInvisible(r rune) bool {
	return r >= 0x200b && r < 0x2010 || r >= 0xfe00 && r < 0xfe10 || r >= 0xe0000 && r < 0xe1000
}

// halfWidth squeezes a row of 16 dots into 8: each pair of dots becomes one.
func halfWidth(row uint16) uint16 {
	var half uint16
	for i := range 8 {
		if row>>(14-2*i)&3 != 0 {
			half |= 0x8000 >> i
		}
	}
	return half
}

// missingGlyph returns a hollow box, which stands for a character that the font
// does not have.
func missingGlyph(wide bool) glyph {
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

// loadFont adds the characters of one file to glyphs. Each line of it is the
// character's number in hex, a colon, and its dots in hex.
func loadFont(file string, glyphs map[rune]glyph) error {
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
