package render

import "strings"

// Run is a part of a line that has one style.
type Run struct {
	X, Width int // cells
	Cells    []Cell
	Style    Style
}

// Text is what the run says.
func (r Run) Text() string {
	var b strings.Builder
	for _, c := range r.Cells {
		b.WriteString(c.Text)
	}
	return b.String()
}

// Runs splits a line.
func Runs(line []Cell) []Run {
	var runs []Run
	column := 0
	for i, c := range line {
		if i == 0 || c.Style != line[i-1].Style {
			runs = append(runs, Run{X: column, Style: c.Style})
		}
		last := &runs[len(runs)-1]
		last.Cells = append(last.Cells, c)
		last.Width += c.Width
		column += c.Width
	}
	return runs
}
