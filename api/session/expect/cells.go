package expect

import (
	"iter"

	"github.com/mattn/go-runewidth"
)

// cells says how wide characters are, as tmux has it, whatever the locale.
var cells = runewidth.Condition{StrictEmojiNeutral: true}

// width is how many cells a text takes.
func width(text string) (n int) {
	for _, r := range text {
		n += cells.RuneWidth(r)
	}
	return n
}

// after is what comes after so many cells of a text.
func after(text string, n int) string {
	for i, r := range text {
		w := cells.RuneWidth(r)
		if n <= 0 && w > 0 {
			return text[i:]
		}
		n -= w
	}
	return ""
}

// rowsOf is how many rows of a screen a line takes.
func rowsOf(line string, columns int) int {
	rows := 1
	for range rowStarts(line, columns) {
		rows++
	}
	return rows
}

// fromRow is a line from its row of a number on, of which the first is 0.
func fromRow(line string, row, columns int) string {
	for start := range rowStarts(line, columns) {
		if row--; row == 0 {
			return line[start:]
		}
	}
	return line
}

// rowStarts are where the rows of a line begin, but the first.
func rowStarts(line string, columns int) iter.Seq[int] {
	return func(yield func(int) bool) {
		column := 0
		for i, r := range line {
			w := cells.RuneWidth(r)
			if column+w > columns { // a wide character does not fit into the last cell
				if column = 0; !yield(i) {
					return
				}
			}
			column += w
		}
	}
}
