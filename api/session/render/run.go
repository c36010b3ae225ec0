package render

import "strings"

// Run is a sequence of neighbouring cells of a line that have the same style.
type Run struct {
	X, Width int // columns
	Cells    []Cell
	Style    Style
}

// Text returns the text of the run's cells.
func (r Run) Text() string {
	var b strings.Builder
	for _, c := range r.Cells {
		b.WriteString(c.Text)
	}
	return b.String()
}

// Runs splits a line where the style changes.
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
