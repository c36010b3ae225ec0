package render

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
)

// A cell of a PNG, in pixels: a character's dots.
const (
	pngWidth  = 8
	pngHeight = 16
)

// PNG is the screen as a picture with a font of its own.
func (s *Screen) PNG() ([]byte, error) {
	p := newPainter(s.Width*pngWidth, s.Height*pngHeight)
	for y := range s.Lines {
		column := 0
		for _, c := range s.painted(y) {
			p.cell(c, column*pngWidth, y*pngHeight)
			column += c.Width
		}
	}
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	err := e.Encode(&out, p.picture())
	return out.Bytes(), err
}

// painter paints on a picture with a palette, as long as that has room.
type painter struct {
	few  *image.Paletted
	inks map[rgb]ink // of the palette
	many *image.RGBA // instead, with more colors than a palette has
}

type ink struct {
	index uint8 // in the palette
	color color.RGBA
}

func newPainter(width, height int) *painter {
	return &painter{few: image.NewPaletted(image.Rect(0, 0, width, height), nil), inks: map[rgb]ink{}}
}

func (p *painter) picture() image.Image {
	if p.many != nil {
		return p.many
	}
	return p.few
}

// ink is a color to paint with.
func (p *painter) ink(c rgb) ink {
	i, known := p.inks[c]
	if known {
		return i
	}
	i.color = color.RGBA{c.r, c.g, c.b, 0xff}
	switch {
	case p.many != nil:
	case len(p.few.Palette) < 256:
		i.index = uint8(len(p.few.Palette))
		p.few.Palette = append(p.few.Palette, i.color)
		p.inks[c] = i
	default:
		p.many = image.NewRGBA(p.few.Rect)
		draw.Draw(p.many, p.many.Rect, p.few, image.Point{}, draw.Src)
	}
	return i
}

func (p *painter) fill(x, y, width, height int, i ink) {
	for ; height > 0; height, y = height-1, y+1 {
		if p.many == nil {
			row := p.few.Pix[p.few.PixOffset(x, y):][:width]
			for x := range row {
				row[x] = i.index
			}
			continue
		}
		row := p.many.Pix[p.many.PixOffset(x, y):][:4*width]
		for x := 0; x < len(row); x += 4 {
			row[x], row[x+1], row[x+2], row[x+3] = i.color.R, i.color.G, i.color.B, i.color.A
		}
	}
}

func (p *painter) cell(c Cell, x, y int) {
	foreground, background, line := c.Style.colors()
	width := c.Width * pngWidth
	p.fill(x, y, width, pngHeight, p.ink(background))
	ink := p.ink(foreground)
	if c.Text != " " && foreground != background {
		g := glyphOf(c)
		if areas(c.Text, 1, 1) == nil { // what joins stays as it is
			if c.Style.Bold {
				g = g.bold()
			}
			if c.Style.Italic {
				g = g.italic()
			}
		}
		for dy, row := range g.rows {
			for dx := 0; row != 0; dx, row = dx+1, row<<1 {
				if row&0x8000 != 0 {
					p.fill(x+dx, y+dy, 1, 1, ink)
				}
			}
		}
	}
	p.lines(c.Style, x, y, width, ink, line)
}

// lines draws those under, through and over a character.
func (p *painter) lines(s Style, x, y, width int, ink ink, line rgb) {
	if s.Underline != NoUnderline {
		under := p.ink(line)
		for dx := range width {
			switch {
			case s.Underline == Double:
				p.fill(x+dx, y+13, 1, 1, under)
				p.fill(x+dx, y+15, 1, 1, under)
			case s.Underline == Curly:
				p.fill(x+dx, y+14+dx/2%2, 1, 1, under)
			case s.Underline == Dotted && dx%2 == 1, s.Underline == Dashed && dx%4 == 3:
			default:
				p.fill(x+dx, y+14, 1, 1, under)
			}
		}
	}
	if s.Strike {
		p.fill(x, y+8, width, 1, ink)
	}
	if s.Overline {
		p.fill(x, y, width, 1, ink)
	}
}
