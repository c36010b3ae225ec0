package render

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
)

// The size of a cell in a PNG, in pixels. Each dot of a glyph is one pixel.
const (
	pngWidth  = 8
	pngHeight = 16
)

// PNG returns the screen as a PNG. The letters are those of GNU Unifont, which
// the package embeds, so the picture is the same on every machine.
func (s *Screen) PNG() ([]byte, error) {
	c := newCanvas(s.Width*pngWidth, s.Height*pngHeight)
	for y := range s.Lines {
		column := 0
		for _, cell := range s.displayLine(y) {
			c.cell(cell, column*pngWidth, y*pngHeight)
			column += cell.Width
		}
	}
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	err := e.Encode(&out, c.image())
	return out.Bytes(), err
}

// canvas is an image to draw on. It begins with a palette, one byte for each
// pixel. When a 257th color comes it copies the image to one without a palette.
type canvas struct {
	paletted *image.Paletted
	known    map[rgb]ink // the colors of the palette
	full     *image.RGBA // replaces paletted; nil while the palette has room
}

// ink is a color that is ready to draw with.
type ink struct {
	index uint8 // in the palette
	color color.RGBA
}

func newCanvas(width, height int) *canvas {
	return &canvas{paletted: image.NewPaletted(image.Rect(0, 0, width, height), nil), known: map[rgb]ink{}}
}

func (c *canvas) image() image.Image {
	if c.full != nil {
		return c.full
	}
	return c.paletted
}

// ink adds a color to the palette, unless it is there. It gives up the palette
// when that is full.
func (c *canvas) ink(of rgb) ink {
	i, known := c.known[of]
	if known {
		return i
	}
	i.color = color.RGBA{of.r, of.g, of.b, 0xff}
	switch {
	case c.full != nil:
	case len(c.paletted.Palette) < 256:
		i.index = uint8(len(c.paletted.Palette))
		c.paletted.Palette = append(c.paletted.Palette, i.color)
		c.known[of] = i
	default:
		c.full = image.NewRGBA(c.paletted.Rect)
		draw.Draw(c.full, c.full.Rect, c.paletted, image.Point{}, draw.Src)
	}
	return i
}

// fill draws a rectangle.
func (c *canvas) fill(x, y, width, height int, i ink) {
	for ; height > 0; height, y = height-1, y+1 {
		if c.full == nil {
			row := c.paletted.Pix[c.paletted.PixOffset(x, y):][:width]
			for x := range row {
				row[x] = i.index
			}
			continue
		}
		row := c.full.Pix[c.full.PixOffset(x, y):][:4*width]
		for x := 0; x < len(row); x += 4 {
			row[x], row[x+1], row[x+2], row[x+3] = i.color.R, i.color.G, i.color.B, i.color.A
		}
	}
}

// cell draws one cell with its upper left corner at x, y.
func (c *canvas) cell(cell Cell, x, y int) {
	foreground, background, underline := cell.Style.colors()
	width := cell.Width * pngWidth
	c.fill(x, y, width, pngHeight, c.ink(background))
	text := c.ink(foreground)
	if cell.Text != " " && foreground != background {
		c.glyph(styledGlyph(cell), x, y, text)
	}
	c.decoration(cell.Style, x, y, width, text, underline)
}

// styledGlyph returns the bitmap of a cell in bold and italic. Box drawing and
// blocks stay as they are, so that they join.
func styledGlyph(cell Cell) glyph {
	g := glyphOf(cell)
	if boxRects(cell.Text, 1, 1) != nil {
		return g
	}
	if cell.Style.Bold {
		g = g.bold()
	}
	if cell.Style.Italic {
		g = g.italic()
	}
	return g
}

// glyph draws the dots of a bitmap.
func (c *canvas) glyph(g glyph, x, y int, i ink) {
	for dy, row := range g.rows {
		for dx := 0; row != 0; dx, row = dx+1, row<<1 {
			if row&0x8000 != 0 {
				c.fill(x+dx, y+dy, 1, 1, i)
			}
		}
	}
}

// decoration draws the lines under, through and over a cell.
func (c *canvas) decoration(s Style, x, y, width int, text ink, underline rgb) {
	if s.Underline != NoUnderline {
		under := c.ink(underline)
		for dx := range width {
			switch {
			case s.Underline == Double:
				c.fill(x+dx, y+13, 1, 1, under)
				c.fill(x+dx, y+15, 1, 1, under)
			case s.Underline == Curly:
				c.fill(x+dx, y+14+dx/2%2, 1, 1, under)
			case s.Underline == Dotted && dx%2 == 1, s.Underline == Dashed && dx%4 == 3:
			default:
				c.fill(x+dx, y+14, 1, 1, under)
			}
		}
	}
	if s.Strike {
		c.fill(x, y+8, width, 1, text)
	}
	if s.Overline {
		c.fill(x, y, width, 1, text)
	}
}
