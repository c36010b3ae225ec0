package render

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// A cell of a PNG, in pixels: a character's dots.
const (
	pngWidth  = 8
	pngHeight = 16
)

// PNG is the screen as a picture with a font of its own.
func (s *Screen) PNG() ([]byte, error) {
	p := painter{picture: image.NewRGBA(image.Rect(0, 0, s.Width*pngWidth, s.Height*pngHeight))}
	for y := range s.Lines {
		column := 0
		for _, c := range s.painted(y) {
			p.cell(c, column*pngWidth, y*pngHeight)
			column += c.Width
		}
	}
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	err := e.Encode(&out, p.small())
	return out.Bytes(), err
}

type painter struct {
	picture *image.RGBA
	colors  map[color.RGBA]uint8 // those used, by their place in a palette, as long as there are at most 256
	many    bool
}

// use notes a color.
func (p *painter) use(c rgb) color.RGBA {
	pixel := color.RGBA{c.r, c.g, c.b, 0xff}
	if _, known := p.colors[pixel]; known || p.many {
		return pixel
	}
	if p.many = len(p.colors) == 256; p.many {
		return pixel
	}
	if p.colors == nil {
		p.colors = map[color.RGBA]uint8{}
	}
	p.colors[pixel] = uint8(len(p.colors))
	return pixel
}

// small is the picture with a palette, if that is possible.
func (p *painter) small() image.Image {
	if p.many {
		return p.picture
	}
	palette := make(color.Palette, len(p.colors))
	for c, i := range p.colors {
		palette[i] = c
	}
	small := image.NewPaletted(p.picture.Rect, palette)
	for i := range small.Pix {
		pixel := p.picture.Pix[4*i : 4*i+3 : 4*i+3]
		small.Pix[i] = p.colors[color.RGBA{pixel[0], pixel[1], pixel[2], 0xff}]
	}
	return small
}

func (p *painter) fill(x, y, width, height int, c color.RGBA) {
	for row := y; row < y+height; row++ {
		for i := p.picture.PixOffset(x, row); width > 0 && i < p.picture.PixOffset(x+width-1, row)+4; i += 4 {
			p.picture.Pix[i], p.picture.Pix[i+1], p.picture.Pix[i+2], p.picture.Pix[i+3] = c.R, c.G, c.B, c.A
		}
	}
}

func (p *painter) cell(c Cell, x, y int) {
	foreground, background, line := c.Style.colors()
	width := c.Width * pngWidth
	p.fill(x, y, width, pngHeight, p.use(background))
	ink := p.use(foreground)
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
func (p *painter) lines(s Style, x, y, width int, ink color.RGBA, line rgb) {
	if s.Underline != NoUnderline {
		under := p.use(line)
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
