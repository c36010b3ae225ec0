package render

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A cell of an SVG, in pixels.
const (
	svgWidth    = 9
	svgHeight   = 18
	svgBaseline = 14
	svgFont     = 15 // of which a character of common fonts is three fifths wide
)

// SVG is the screen as a picture whose letters are those of the viewer's font.
// Boxes and blocks are drawn, so that they join.
func (s *Screen) SVG() []byte {
	d := svg{width: s.Width * svgWidth, height: s.Height * svgHeight}
	for y := range s.Lines {
		line := Runs(s.painted(y))
		for _, r := range line {
			d.background(r, y)
		}
		for _, r := range line {
			d.run(r, y)
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d">
<rect width="%[1]d" height="%[2]d" fill="%[3]s"/>
<g shape-rendering="crispEdges">
`, d.width, d.height, defaultBackground)
	out.Write(d.shapes.Bytes())
	fmt.Fprintf(&out, `</g>
<g font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%d" xml:space="preserve">
`, svgFont)
	out.Write(d.letters.Bytes())
	out.WriteString("</g>\n</svg>\n")
	return out.Bytes()
}

// svg collects what is drawn.
type svg struct {
	width, height   int
	shapes, letters bytes.Buffer
}

func (d *svg) rect(x, y, width, height float64, fill rgb, opacity float64) {
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
	fmt.Fprintf(&d.shapes, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"`, number(x), number(y), number(width), number(height), fill)
	if opacity < 1 {
		fmt.Fprintf(&d.shapes, ` fill-opacity="%s"`, number(opacity))
	}
	d.shapes.WriteString("/>\n")
}

func (d *svg) background(r Run, y int) {
	if _, background, _ := r.Style.colors(); background != defaultBackground {
		d.rect(float64(r.X*svgWidth), float64(y*svgHeight), float64(r.Width*svgWidth), svgHeight, background, 1)
	}
}

// run draws the characters of a run and the lines at them.
func (d *svg) run(r Run, y int) {
	foreground, background, line := r.Style.colors()
	if foreground == background && line == background {
		return // nothing to be seen
	}
	var narrow strings.Builder // as many letters as can be one text
	begin, count := 0, 0
	flush := func() {
		d.text(narrow.String(), begin, count, y, foreground, r.Style)
		narrow.Reset()
		count = 0
	}
	column := r.X
	for _, c := range r.Cells {
		boxes := areas(c.Text, svgWidth, svgHeight)
		simple := boxes == nil && c.Width == 1 && len(c.Text) == 1
		if !simple || count == 0 {
			flush()
			begin = column
		}
		switch {
		case boxes != nil:
			for _, a := range boxes {
				d.rect((float64(column)+a.left)*svgWidth, (float64(y)+a.top)*svgHeight, (a.right-a.left)*svgWidth, (a.bottom-a.top)*svgHeight, foreground, a.opacity)
			}
		case simple:
			narrow.WriteString(c.Text)
			count++
		default:
			d.text(c.Text, column, c.Width, y, foreground, r.Style)
		}
		column += c.Width
	}
	flush()
	d.lines(r, y, foreground, line)
}

// text writes letters that take so many cells.
func (d *svg) text(text string, column, cells, y int, fill rgb, s Style) {
	if strings.TrimSpace(text) == "" {
		return
	}
	text = strings.Map(func(r rune) rune {
		if r != utf8.RuneError && unicode.IsControl(r) {
			return utf8.RuneError // XML has none
		}
		return r
	}, text)
	fmt.Fprintf(&d.letters, `<text x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs" fill="%s"`,
		column*svgWidth, y*svgHeight+svgBaseline, cells*svgWidth, fill)
	if s.Bold {
		d.letters.WriteString(` font-weight="bold"`)
	}
	if s.Italic {
		d.letters.WriteString(` font-style="italic"`)
	}
	fmt.Fprintf(&d.letters, ">%s</text>\n", html.EscapeString(text))
}

// lines draws those under, through and over a run.
func (d *svg) lines(r Run, y int, foreground, line rgb) {
	x, top, width := float64(r.X*svgWidth), float64(y*svgHeight), float64(r.Width*svgWidth)
	switch r.Style.Underline {
	case NoUnderline:
	case Single:
		d.rect(x, top+16, width, 1, line, 1)
	case Double:
		d.rect(x, top+15, width, 1, line, 1)
		d.rect(x, top+17, width, 1, line, 1)
	case Curly:
		for i := 0.0; i < width; i += 3 {
			d.rect(x+i, top+15+float64(int(i/3)%2), 3, 1, line, 1)
		}
	case Dotted, Dashed:
		dash := map[Underline]float64{Dotted: 1, Dashed: 3}[r.Style.Underline]
		for i := 0.0; i+dash <= width; i += dash + 2 {
			d.rect(x+i, top+16, dash, 1, line, 1)
		}
	}
	if r.Style.Strike {
		d.rect(x, top+9, width, 1, foreground, 1)
	}
	if r.Style.Overline {
		d.rect(x, top, width, 1, foreground, 1)
	}
}
