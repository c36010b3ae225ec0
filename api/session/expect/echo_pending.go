package expect

// pending are the typed lines that may still be echoed. Who echoes is not always
// known at once, so it keeps the lines for either case.
type pending struct {
	byEditor []typedLine // by a line editor, if the terminal does not echo itself
	// If the terminal echoes:
	byTerminal []typedLine // by the terminal
	byBoth     []typedLine // by a line editor, after the terminal
}

func newPending(display []rune) pending {
	lines := typedLines(display)
	return pending{byEditor: lines, byTerminal: lines, byBoth: lines}
}

// after is the rest when so many runes of the display have been shown.
func (p pending) after(shown int) pending {
	return pending{byEditor: linesAfter(p.byEditor, shown), byTerminal: linesAfter(p.byTerminal, shown), byBoth: p.byBoth}
}

// linesAfter are the lines that end after a place in the display.
func linesAfter(lines []typedLine, shown int) []typedLine {
	for len(lines) > 0 && lines[0].end <= shown {
		lines = lines[1:]
	}
	return lines
}

// removeFrom removes from a line the echo that the mode allows. In any mode it drops the
// typed lines that the line shows from pending. isEcho: nothing is left of the line. The
// current line, which holds the cursor, may show part of a typed line.
func (p *pending) removeFrom(line string, current bool, mode echoMode) (rest string, isEcho bool) {
	rest = line
	remove := func(lines *[]typedLine, allowed bool) bool {
		left, n := cutTyped(line, *lines)
		*lines = (*lines)[n:]
		switch {
		case !allowed:
		case n > 0:
			rest, isEcho = left, left == ""
		case current:
			rest = cutTypedPart(rest, *lines)
		}
		return n > 0
	}
	if mode.byEditor {
		remove(&p.byEditor, !mode.byTerminal)
	}
	if !remove(&p.byTerminal, mode.byTerminal) && mode.byEditor {
		remove(&p.byBoth, mode.byTerminal)
	}
	return rest, isEcho
}
