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

// HTML returns the screen as an HTML page whose text can be selected. The text
// is escaped, so nothing that a program printed becomes markup.
func (s *Screen) HTML() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, htmlHead, defaultBackground, defaultForeground, s.Width)
	for y := range s.Lines {
		for _, r := range Runs(s.displayLine(y)) {
			css := r.Style.css()
			if css != "" {
				fmt.Fprintf(&out, `<span style="%s">`, css)
			}
			for _, c := range r.Cells {
				if c.Width == 2 { // the browser's font may not draw it two columns wide
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

// css returns the CSS declarations of a style. It leaves out those that the page
// sets already, so a plain style gives "".
func (s Style) css() string {
	var out bytes.Buffer
	foreground, background, underline := s.colors()
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
	s.writeDecoration(&out)
	if s.Underline != NoUnderline && underline != foreground {
		fmt.Fprintf(&out, "text-decoration-color:%s;", underline)
	}
	return out.String()
}

// writeDecoration writes the declarations of the lines under, through and over
// the text, without their color.
func (s Style) writeDecoration(out *bytes.Buffer) {
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
		fmt.Fprintf(out, "text-decoration:%s;", decoration[1:])
	}
	if s.Underline > Single {
		fmt.Fprintf(out, "text-decoration-style:%s;", [...]string{"", "", "double", "wavy", "dotted", "dashed"}[s.Underline])
	}
}
