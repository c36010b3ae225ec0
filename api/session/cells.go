package session

import "github.com/mattn/go-runewidth"

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
	rows, column := 1, 0
	for _, r := range line {
		w := cells.RuneWidth(r)
		if column+w > columns { // a wide character does not fit into the last cell
			rows++
			column = 0
		}
		column += w
	}
	return rows
}
