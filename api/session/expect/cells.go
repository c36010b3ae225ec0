package expect

import (
	"iter"

	"github.com/mattn/go-runewidth"
)

// cells knows how wide tmux shows characters. It does not depend on the locale.
var cells = runewidth.Condition{StrictEmojiNeutral: true}

// width is the number of cells that a text takes.
func width(text string) (n int) {
	for _, r := range text {
		n += cells.RuneWidth(r)
	}
	return n
}

// skipCells is a text without its first n cells.
func skipCells(text string, n int) string {
	for i, r := range text {
		w := cells.RuneWidth(r)
		if n <= 0 && w > 0 {
			return text[i:]
		}
		n -= w
	}
	return ""
}

// rowCount is the number of rows that a line takes on a screen.
func rowCount(line string, columns int) int {
	rows := 1
	for range rowStarts(line, columns) {
		rows++
	}
	return rows
}

// skipRows is a line without its first n rows; n is 1 or more.
func skipRows(line string, n, columns int) string {
	for start := range rowStarts(line, columns) {
		if n--; n == 0 {
			return line[start:]
		}
	}
	return line
}

// rowStarts are the places in a line where its second and further rows begin.
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
