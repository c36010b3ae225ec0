// Package render turns a terminal screen into a picture (SVG, PNG) or a document
// (HTML, JSON).
//
// Its input is the text of tmux's capture-pane -e: the lines of a screen with
// their colors and attributes as SGR escapes. tmux has already interpreted every
// other escape, so no terminal emulator is needed here.
//
// [Parse] makes a [Screen], a grid of [Cell] values, each with a [Style]. The
// methods HTML, SVG, PNG and JSON of Screen encode it. [Plain] removes the
// escapes. The package does no I/O. The cache of live screens calls it.
package render

// Screen is a grid of cells.
type Screen struct {
	Width, Height int // in columns and lines
	// Lines has Height elements. A line may end early; the rest of it is blank.
	Lines  [][]Cell
	Cursor Cursor
}

// Cursor is the position of the cursor, in columns and lines from 0. X equals the
// screen's width when the next character wraps.
type Cursor struct {
	X, Y    int
	Visible bool
}

// Cell is one character, together with the marks that combine with it.
type Cell struct {
	Text  string
	Width int // columns: 1 or 2
	Style Style
}

// displayLine returns line y as a picture shows it: padded with blanks to the
// screen's width, with the cursor as a cell in reverse.
func (s *Screen) displayLine(y int) []Cell {
	line := append(make([]Cell, 0, s.Width), s.Lines[y]...)
	column := 0
	for _, c := range line {
		column += c.Width
	}
	for ; column < s.Width; column++ {
		line = append(line, Cell{Text: " ", Width: 1})
	}
	if !s.Cursor.Visible || s.Cursor.Y != y {
		return line
	}
	at := min(s.Cursor.X, s.Width-1)
	for i := range line {
		if at -= line[i].Width; at < 0 {
			line[i].Style.Reverse = !line[i].Style.Reverse
			break
		}
	}
	return line
}
