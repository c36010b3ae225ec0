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

// The size of a cell in an SVG, in pixels.
const (
	svgWidth    = 9
	svgHeight   = 18
	svgBaseline = 14 // from the cell's top
	svgFont     = 15 // its letters are 3/5 as wide in common monospace fonts
)

// SVG returns the screen as an SVG whose letters are in the viewer's monospace
// font. Box drawing and blocks are rectangles, so that they join.
func (s *Screen) SVG() []byte {
	d := svg{width: s.Width * svgWidth, height: s.Height * svgHeight}
	for y := range s.Lines {
		line := Runs(s.displayLine(y))
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
	out.Write(d.rects.Bytes())
	fmt.Fprintf(&out, `</g>
<g font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%d" xml:space="preserve">
`, svgFont)
	out.Write(d.texts.Bytes())
	out.WriteString("</g>\n</svg>\n")
	return out.Bytes()
}

// svg collects the elements of a document. The texts stand over the rectangles.
type svg struct {
	width, height int // pixels
	rects, texts  bytes.Buffer
}

// rect adds a rectangle, in pixels.
func (d *svg) rect(x, y, width, height float64, fill rgb, opacity float64) {
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
	fmt.Fprintf(&d.rects, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"`, number(x), number(y), number(width), number(height), fill)
	if opacity < 1 {
		fmt.Fprintf(&d.rects, ` fill-opacity="%s"`, number(opacity))
	}
	d.rects.WriteString("/>\n")
}

func (d *svg) background(r Run, y int) {
	if _, background, _ := r.Style.colors(); background != defaultBackground {
		d.rect(float64(r.X*svgWidth), float64(y*svgHeight), float64(r.Width*svgWidth), svgHeight, background, 1)
	}
}

// run draws the characters of a run and its decoration. ASCII characters that
// follow each other become one text element. Any other character has its own,
// because the viewer's font may give it another width.
func (d *svg) run(r Run, y int) {
	foreground, background, underline := r.Style.colors()
	if foreground == background && underline == background {
		return // invisible
	}
	var ascii strings.Builder
	begin := r.X // the column of ascii's first character
	flush := func() {
		d.text(ascii.String(), begin, ascii.Len(), y, foreground, r.Style)
		ascii.Reset()
	}
	column := r.X
	for _, c := range r.Cells {
		boxes := boxRects(c.Text, svgWidth, svgHeight)
		isASCII := boxes == nil && c.Width == 1 && len(c.Text) == 1
		if !isASCII || ascii.Len() == 0 {
			flush()
			begin = column
		}
		switch {
		case boxes != nil:
			d.boxes(boxes, column, y, foreground)
		case isASCII:
			ascii.WriteString(c.Text)
		default:
			d.text(c.Text, column, c.Width, y, foreground, r.Style)
		}
		column += c.Width
	}
	flush()
	d.decoration(r, y, foreground, underline)
}

// boxes draws the rectangles of a character in the cell at column and line y.
func (d *svg) boxes(boxes []rect, column, y int, fill rgb) {
	for _, b := range boxes {
		d.rect((float64(column)+b.left)*svgWidth, (float64(y)+b.top)*svgHeight,
			(b.right-b.left)*svgWidth, (b.bottom-b.top)*svgHeight, fill, b.opacity)
	}
}

// text adds text that fills a number of cells from column on in line y. Blank
// text adds nothing. A control character becomes U+FFFD: XML does not allow it.
func (d *svg) text(text string, column, cells, y int, fill rgb, s Style) {
	if strings.TrimSpace(text) == "" {
		return
	}
	text = strings.Map(func(r rune) rune {
		if r != utf8.RuneError && unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, text)
	fmt.Fprintf(&d.texts, `<text x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs" fill="%s"`,
		column*svgWidth, y*svgHeight+svgBaseline, cells*svgWidth, fill)
	if s.Bold {
		d.texts.WriteString(` font-weight="bold"`)
	}
	if s.Italic {
		d.texts.WriteString(` font-style="italic"`)
	}
	fmt.Fprintf(&d.texts, ">%s</text>\n", html.EscapeString(text))
}

// decoration draws the lines under, through and over a run.
func (d *svg) decoration(r Run, y int, foreground, underline rgb) {
	x, top, width := float64(r.X*svgWidth), float64(y*svgHeight), float64(r.Width*svgWidth)
	switch r.Style.Underline {
	case NoUnderline:
	case Single:
		d.rect(x, top+16, width, 1, underline, 1)
	case Double:
		d.rect(x, top+15, width, 1, underline, 1)
		d.rect(x, top+17, width, 1, underline, 1)
	case Curly:
		for i := 0.0; i < width; i += 3 {
			d.rect(x+i, top+15+float64(int(i/3)%2), 3, 1, underline, 1)
		}
	case Dotted, Dashed:
		dash := map[Underline]float64{Dotted: 1, Dashed: 3}[r.Style.Underline]
		for i := 0.0; i+dash <= width; i += dash + 2 {
			d.rect(x+i, top+16, dash, 1, underline, 1)
		}
	}
	if r.Style.Strike {
		d.rect(x, top+9, width, 1, foreground, 1)
	}
	if r.Style.Overline {
		d.rect(x, top, width, 1, foreground, 1)
	}
}
