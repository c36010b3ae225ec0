package expect

import (
	"bytes"
	"context"

	"interplexer/controlmode"
)

// maxReadRows bounds how much history a look reads.
const maxReadRows = 2000

// reader is the text of a pane from a place on: all that the pane shows after
// it and all that has scrolled by, each line until it has left the screen and
// cannot change any more. It belongs to one goroutine.
type scrollback struct {
	capture func(ctx context.Context, first int) (controlmode.Joined, error)

	seen   controlmode.Place // at the last look; its Width is 0 before the first
	row    int               // where the text begins, counted as Place does
	column int
	echo   *echo // nil: nothing was typed
	// main is where the text begins on the main screen while the alternate one
	// is shown; nil: that is not known.
	main *start
	// printed is how many rows the program is told to have printed since the last
	// look, at most, of which that look had seen the first ahead.
	printed, ahead int
	line           int  // bytes of the last of them
	missed         bool // there were others, of which nothing was told
	// cleared: the program has cleared the history since the last look; since is
	// how many newlines it has printed after that. emptied: and the screen before.
	cleared bool
	since   int
	emptied bool
	// behind: more may have been printed since than was told before the last look,
	// so that the text may begin further above.
	behind bool
}

// start is where a text begins.
type start struct {
	row, column int
	aligned     bool
}

// read returns the text. What has scrolled since the last look is asked for again,
// with what may scroll by meanwhile, and then with so much above that it is there
// however fast it scrolls.
func (r *scrollback) read(ctx context.Context) (paneText, error) {
	was, told := r.seen, r.printed > 0
	first := r.row - r.seen.History
	for try := 1; ; try++ {
		c, err := r.capture(ctx, first)
		if err != nil {
			return paneText{}, err
		}
		scrolled := c.History - r.seen.History
		r.follow(c.Place)
		from := r.row - c.History
		if c.First <= from {
			r.behind = r.behind && (told || c.Place != was)
			if p := newPaneText(c, from, r.column); p.exact || c.First == from || try > 3 {
				return p, nil
			}
			first = from // the lines above it are not as wide as they seem
			continue
		}
		if first = -maxReadRows; try == 1 {
			first = max(from-max(scrolled, c.Height), first)
		}
	}
}

// hear counts what the program has written.
func (r *scrollback) addOutput(data []byte) {
	for len(data) > 0 {
		line, rest, ended := bytes.Cut(data, newline)
		r.line += len(line)
		if r.seen.Width > 0 && r.line > r.seen.Width { // as if none of it were escape sequences
			r.printed += r.line / r.seen.Width
			r.line %= r.seen.Width
		}
		if ended {
			r.printed++
			r.since++
			r.line = 0
		}
		data = rest
	}
}

// answer is what of a paneText is no echo, if what was typed has gone through such
// echoMode.
func (r *scrollback) withoutEcho(p paneText, h echoMode) withoutEcho {
	if r.echo == nil {
		return withoutEcho{lines: p.lines, whole: make([]bool, len(p.lines))}
	}
	return r.echo.strip(p.lines, r.column, p.Width, p.cursor, h)
}

// follow finds out what has become of the place.
func (r *scrollback) follow(now controlmode.Place) {
	was := r.seen
	drop := max(now.HistoryLimit/10, 1)
	printed, cleared, missed := r.printed-r.ahead, r.cleared, r.missed
	r.seen, r.printed, r.cleared, r.missed = now, 0, false, false
	dropped := 0 // of the history, as there was no room
	if now.History < was.History && now.History >= now.HistoryLimit-drop && now.Height <= was.Height {
		dropped = (was.History - now.History + drop - 1) / drop * drop
	}
	switch shown := now.History + now.CursorY; {
	case was.Width == 0 || missed || now.Width != was.Width:
		r.ahead = 0
	case cleared:
		r.ahead = max(shown-r.since, 0)
	default:
		r.ahead = max(shown+dropped-was.History-was.CursorY-printed, 0)
	}
	r.behind = (cleared && !r.emptied || r.behind && now.History >= was.History) && !now.Alternate && now.Width == was.Width
	switch {
	case was.Width == 0:
		r.begin(start{row: now.History})
	case now.Width != was.Width: // all lines are other ones: go on from here
		if r.begin(start{row: now.History}); r.echo != nil {
			r.begin(start{row: now.History + now.CursorY, column: now.CursorX})
		}
	case cleared && !now.Alternate:
		r.main = nil
		r.beginAnew(r.afterClearing(now))
	case now.Alternate && !was.Alternate:
		if r.main = nil; !cleared { // else it is somewhere else by now
			r.main = &start{row: r.row, column: r.column, aligned: r.echo != nil && r.echo.aligned}
		}
		r.begin(start{row: now.History})
	case was.Alternate && !now.Alternate:
		r.leaveAlternate(was, now)
	case now.History < was.History && now.Height > was.Height: // rows have come back to the screen
	case now.History < was.History && dropped == 0: // cleared
		r.beginAnew(now.History)
	case dropped > 0:
		if r.row -= dropped; r.row < 0 {
			r.begin(start{})
		}
	case now.History >= now.HistoryLimit-drop && printed >= max(now.HistoryLimit, now.History+drop)-was.History:
		// So much was dropped and has come since that nobody can tell: it has
		// filled the screen.
		r.behind = false
		r.begin(start{row: now.History})
	case r.behind && r.afterClearing(now) < r.row:
		r.beginAnew(r.afterClearing(now))
	}
	if r.row >= now.History+now.Height { // not without a clearing that history does not show
		r.begin(start{row: now.History})
	}
	if r.row < now.History-maxReadRows {
		r.begin(start{row: now.History - maxReadRows})
	}
}

// afterClearing is where what comes after a clearing of the history begins. The
// history may be as long again as it was.
func (r *scrollback) afterClearing(now controlmode.Place) int {
	if r.emptied {
		return 0
	}
	// The screen was not cleared, or is what the history begins with: so many
	// newlines above the cursor, or more.
	return min(max(now.History+now.CursorY-r.since, 0), now.History)
}

// begin has the text begin elsewhere.
func (r *scrollback) begin(at start) {
	r.row, r.column = at.row, at.column
	if r.echo != nil {
		r.echo.aligned = at.aligned
	}
}

// beginAnew has the text begin elsewhere, where all that was typed may be shown again.
func (r *scrollback) beginAnew(row int) {
	if r.begin(start{row: row}); r.echo != nil {
		r.echo.pending = allPending(r.echo.display)
	}
}

// leaveAlternate goes on on the main screen, which is as it was.
func (r *scrollback) leaveAlternate(was, now controlmode.Place) {
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
func (r *scrollback) advance(p paneText, a withoutEcho) {
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
