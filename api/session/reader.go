package session

import (
	"context"

	"interplexer/controlmode"
)

const (
	// maxReadRows bounds how much history a look reads.
	maxReadRows = 2000
	// maxRereads is how often what moved between two commands is read again.
	maxRereads = 8
)

// reader is the text of a pane from a place on: all that the pane shows after
// it and all that has scrolled by, each line until it has left the screen and
// cannot change any more. It belongs to one goroutine.
type reader struct {
	capture func(ctx context.Context, first int) (controlmode.Joined, error)

	seen   controlmode.Place // at the last look; its Width is 0 before the first
	row    int               // where the text begins, counted as Place does
	column int
	echo   *echo // nil: nothing was typed
	// main is where the text begins on the main screen while the alternate one
	// is shown; nil: that is not known.
	main *start
	// printed is how many lines the program has printed since the last look, at
	// most.
	printed int
	// cleared: the program has cleared the history since the last look; since is
	// how many newlines it has printed after that. emptied: and the screen before.
	cleared bool
	since   int
	emptied bool
}

// start is where a text begins.
type start struct {
	row, column int
	aligned     bool
}

// look reads the text.
func (r *reader) look(ctx context.Context) (readout, error) {
	for try := 1; ; try++ {
		c, err := r.capture(ctx, r.row-r.seen.History)
		if err != nil {
			return readout{}, err
		}
		moved := r.follow(c.Place)
		if try < maxRereads && (moved || c.First != r.row-c.History) {
			continue
		}
		if c.First != r.row-c.History { // it scrolls faster than it can be read
			r.begin(start{row: max(r.row, c.History+c.First)})
		}
		return newReadout(c, r.row-c.History, r.column), nil
	}
}

// answer is what of a readout is no echo, if what was typed has gone through such
// hands.
func (r *reader) answer(p readout, h hands) answer {
	if r.echo == nil {
		return answer{lines: p.lines, whole: make([]bool, len(p.lines))}
	}
	return r.echo.strip(p.lines, r.column, p.Width, p.cursor, h)
}

// follow finds out what has become of the place. It reports whether what was
// captured is not what is wanted now.
func (r *reader) follow(now controlmode.Place) bool {
	was, before := r.seen, start{row: r.row, column: r.column}
	drop := max(now.HistoryLimit/10, 1)
	printed, cleared := r.printed, r.cleared
	r.seen, r.printed, r.cleared = now, 0, false
	switch {
	case was.Width == 0:
		r.begin(start{row: now.History})
	case now.Width != was.Width: // all lines are other ones: go on from here
		if r.begin(start{row: now.History}); r.echo != nil {
			r.begin(start{row: now.History + now.CursorY, column: now.CursorX})
		}
	case cleared && !now.Alternate:
		r.main = nil
		if r.begin(start{row: r.afterClearing(now)}); r.echo != nil {
			r.echo.pending = allPending(r.echo.display)
		}
	case now.Alternate && !was.Alternate:
		if r.main = nil; !cleared { // else it is somewhere else by now
			r.main = &start{row: r.row, column: r.column, aligned: r.echo != nil && r.echo.aligned}
		}
		r.begin(start{row: now.History})
	case was.Alternate && !now.Alternate:
		r.leaveAlternate(was, now)
	case now.History < was.History && now.Height > was.Height: // rows have come back to the screen
	case now.History < now.HistoryLimit-drop && now.History < was.History: // cleared
		if r.begin(start{row: now.History}); r.echo != nil {
			r.echo.pending = allPending(r.echo.display)
		}
	case now.History < was.History:
		dropped := (was.History - now.History + drop - 1) / drop * drop
		if r.row -= dropped; r.row < 0 {
			r.begin(start{})
		}
	case printed >= drop && was.History+printed >= now.HistoryLimit:
		// So much was dropped and has come since that nobody can tell: it has
		// filled the screen.
		r.begin(start{row: now.History})
	}
	if r.row >= now.History+now.Height { // not without a clearing that history does not show
		r.begin(start{row: now.History})
	}
	if r.row < now.History-maxReadRows {
		r.begin(start{row: now.History - maxReadRows})
	}
	return now.History != was.History || before.row != r.row || before.column != r.column
}

// afterClearing is where what comes after a clearing of the history begins. The
// history may be as long again as it was.
func (r *reader) afterClearing(now controlmode.Place) int {
	if r.emptied {
		return 0
	}
	// The screen was not cleared, or is what the history begins with: so many
	// newlines above the cursor, or more.
	return min(max(now.History+now.CursorY-r.since, 0), now.History)
}

// begin has the text begin elsewhere.
func (r *reader) begin(at start) {
	r.row, r.column = at.row, at.column
	if r.echo != nil {
		r.echo.aligned = at.aligned
	}
}

// leaveAlternate goes on on the main screen, which is as it was.
func (r *reader) leaveAlternate(was, now controlmode.Place) {
	at := start{row: now.History}
	switch {
	case r.main != nil:
		at = *r.main
	case r.echo != nil: // typed when the alternate one was shown
		at = start{row: was.History + was.MainY, column: was.MainX}
	}
	r.main = nil
	r.begin(at)
}

// advance leaves out what no later look needs to read again: lines that have
// left the screen, unless they are echo that may go on.
func (r *reader) advance(p readout, a answer) {
	if !p.exact || a.beginning {
		return
	}
	to := 0
	for i := range p.lines {
		if p.numbers[i] <= 0 && (i > a.begins || i == a.begins && a.lines[i] == p.lines[i]) {
			to = i
		}
	}
	if to == 0 {
		return
	}
	r.begin(start{row: p.History + p.numbers[to]})
	if r.echo != nil {
		r.echo.pending = a.pending[to]
	}
}
