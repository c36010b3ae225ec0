package render

import (
	"bytes"
	"fmt"
	"html"
)

const htmlHead = `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>Screen</title>
<style>
body { margin: 0; background: %[1]s; }
pre { margin: 0; width: %[3]dch; color: %[2]s; background: %[1]s; font: 15px/18px "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre b { font-weight: inherit; display: inline-block; width: 2ch; }
</style>
</head>
<body>
<pre>`

const htmlFoot = `</pre>
</body>
</html>
`

// HTML is the screen as a page of text.
func (s *Screen) HTML() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, htmlHead, defaultBackground, defaultForeground, s.Width)
	for y := range s.Lines {
		for _, r := range Runs(s.painted(y)) {
			css := r.Style.css()
			if css != "" {
				fmt.Fprintf(&out, `<span style="%s">`, css)
			}
			for _, c := range r.Cells {
				if c.Width == 2 { // the font's own width may be another
					fmt.Fprintf(&out, "<b>%s</b>", html.EscapeString(c.Text))
				} else {
					out.WriteString(html.EscapeString(c.Text))
				}
			}
			if css != "" {
				out.WriteString("</span>")
			}
		}
		out.WriteByte('\n')
	}
	out.WriteString(htmlFoot)
	return out.Bytes()
}

// css are the declarations of a style, without those of the page.
func (s Style) css() string {
	var out bytes.Buffer
	foreground, background, line := s.colors()
	if foreground != defaultForeground {
		fmt.Fprintf(&out, "color:%s;", foreground)
	}
	if background != defaultBackground {
		fmt.Fprintf(&out, "background:%s;", background)
	}
	if s.Bold {
		out.WriteString("font-weight:bold;")
	}
	if s.Italic {
		out.WriteString("font-style:italic;")
	}
	decoration := ""
	if s.Underline != NoUnderline {
		decoration += " underline"
	}
	if s.Strike {
		decoration += " line-through"
	}
	if s.Overline {
		decoration += " overline"
	}
	if decoration != "" {
		fmt.Fprintf(&out, "text-decoration:%s;", decoration[1:])
	}
	if s.Underline > Single {
		fmt.Fprintf(&out, "text-decoration-style:%s;", [...]string{"", "", "double", "wavy", "dotted", "dashed"}[s.Underline])
	}
	if s.Underline != NoUnderline && line != foreground {
		fmt.Fprintf(&out, "text-decoration-color:%s;", line)
	}
	return out.String()
}
