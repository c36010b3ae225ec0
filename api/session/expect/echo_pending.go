package expect

// pending are the typed lines that may yet be shown.
type pending struct {
	// When the terminal shows nothing itself.
	once []typedLine // by a line editor
	// When it does.
	terminal []typedLine // by the terminal
	again    []typedLine // by a line editor
}

func allPending(display []rune) pending {
	lines := typedLines(display)
	return pending{once: lines, terminal: lines, again: lines}
}

// from is what is left when the display has been shown up to a place.
func (p pending) from(shown int) pending {
	return pending{once: linesFrom(p.once, shown), terminal: linesFrom(p.terminal, shown), again: p.again}
}

// linesFrom are those of the lines that end after a place in the display.
func linesFrom(lines []typedLine, shown int) []typedLine {
	for len(lines) > 0 && lines[0].end <= shown {
		lines = lines[1:]
	}
	return lines
}

// take leaves the echo out of a line, if what was typed has gone through such
// echoMode, and out of what is pending, whether it has or not. whole: nothing is left.
// The current line may show a part.
func (p *pending) take(line string, current bool, h echoMode) (rest string, whole bool) {
	rest = line
	shows := func(lines *[]typedLine, counts bool) bool {
		left, n := echoed(line, *lines)
		*lines = (*lines)[n:]
		switch {
		case !counts:
		case n > 0:
			rest, whole = left, left == ""
		case current:
			rest = echoedInPart(rest, *lines)
		}
		return n > 0
	}
	if h.editing {
		shows(&p.once, !h.twice)
	}
	if !shows(&p.terminal, h.twice) && h.editing {
		shows(&p.again, h.twice)
	}
	return rest, whole
}
