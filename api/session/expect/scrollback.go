package expect

import (
	"bytes"
	"context"

	"interplexer/controlmode"
)

// maxReadRows bounds how many rows of history a read asks for.
const maxReadRows = 2000

// scrollback reads a pane's text from a place on, its origin, however fast the pane
// scrolls: the lines that have scrolled into the history since, and the screen. Once
// lines have left the screen and cannot change any more, advance moves the origin past
// them. It belongs to one goroutine.
//
// Rows have no lasting numbers: tmux drops the oldest rows of a full history, programs
// clear the history, and a resize wraps all lines anew. So each read has to find the
// origin again (see follow). For that scrollback also counts the rows in the pane's
// output, which it receives from the hub.
type scrollback struct {
	capture func(ctx context.Context, first int) (controlmode.Joined, error)

	last   controlmode.Place // at the last read; its Width is 0 before the first one
	row    int               // of the origin, counted as controlmode.Place does
	column int               // of the origin
	echo   *echo             // nil: nothing was typed
	// mainOrigin is the origin on the main screen while the alternate one is shown;
	// nil: not known.
	mainOrigin *origin

	// printed is how many rows the output since the last read has, at most. The screen
	// may be ahead of the output: the last read has already shown the first ahead rows
	// of it.
	printed, ahead int
	lineBytes      int  // length of the output's unfinished line
	gap            bool // output was lost since the last read, so printed is too low
	// cleared: the program has cleared the history since the last read. newlines
	// counts the newlines that it has printed since it cleared the history.
	// screenCleared: it has cleared the screen just before the history.
	cleared       bool
	newlines      int
	screenCleared bool
	// mayBeAbove: the program has cleared the history, and the last read may have shown
	// more rows than newlines counts, since their output was not received yet. Then the
	// origin is above row.
	mayBeAbove bool
}

// origin is the place where a text begins.
type origin struct {
	row, column int
	aligned     bool // the typing began there; see echo
}

// read returns the text. It asks tmux for the rows from the origin on. If the pane
// scrolls meanwhile, the capture begins below the origin. Then read asks again from
// further above: by as many rows as have scrolled, and a screen at least. If that is
// not enough either, it asks for maxReadRows.
func (r *scrollback) read(ctx context.Context) (paneText, error) {
	before, hasPrinted := r.last, r.printed > 0
	first := r.row - r.last.History
	for try := 1; ; try++ {
		c, err := r.capture(ctx, first)
		if err != nil {
			return paneText{}, err
		}
		scrolled := c.History - r.last.History
		r.follow(c.Place)
		from := r.row - c.History
		if c.First <= from {
			r.mayBeAbove = r.mayBeAbove && (hasPrinted || c.Place != before)
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

// addOutput counts the rows of output that was received. It counts escape sequences
// as if they took cells, so the count may be too high.
func (r *scrollback) addOutput(data []byte) {
	for len(data) > 0 {
		line, rest, ended := bytes.Cut(data, newline)
		r.lineBytes += len(line)
		if r.last.Width > 0 && r.lineBytes > r.last.Width {
			r.printed += r.lineBytes / r.last.Width
			r.lineBytes %= r.last.Width
		}
		if ended {
			r.printed++
			r.newlines++
			r.lineBytes = 0
		}
		data = rest
	}
}

// noteTyping begins the text at the cursor's place when the typing began.
func (r *scrollback) noteTyping(at controlmode.Place, display []rune) {
	r.last = at
	r.row, r.column = at.History+at.CursorY, at.CursorX
	r.echo = newEcho(display)
}

// forgetOutput forgets the output that was received so far.
func (r *scrollback) forgetOutput() { r.cleared, r.printed = false, 0 }

// removeEcho removes from a text the echo that the mode allows.
func (r *scrollback) removeEcho(p paneText, mode echoMode) withoutEcho {
	if r.echo == nil {
		return withoutAnyEcho(p.lines)
	}
	return r.echo.removeFrom(p.lines, r.column, p.Width, p.cursor, mode)
}

// step is the difference between two reads of a pane.
type step struct {
	before, now controlmode.Place
	printed     int  // rows that were printed in between, at most
	dropped     int  // rows of the full history that tmux has dropped
	drop        int  // rows that tmux drops at a time
	cleared     bool // the program has cleared the history
}

func (s step) isResized() bool { return s.now.Width != s.before.Width }

// follow finds the origin again after a step.
func (r *scrollback) follow(now controlmode.Place) {
	s := step{before: r.last, now: now, printed: r.printed - r.ahead, cleared: r.cleared, drop: max(now.HistoryLimit/10, 1)}
	if now.History < s.before.History && now.History >= now.HistoryLimit-s.drop && now.Height <= s.before.Height {
		s.dropped = (s.before.History - now.History + s.drop - 1) / s.drop * s.drop
	}
	switch cursor := now.History + now.CursorY; {
	case s.before.Width == 0 || r.gap || s.isResized():
		r.ahead = 0
	case s.cleared:
		r.ahead = max(cursor-r.newlines, 0)
	default:
		r.ahead = max(cursor+s.dropped-s.before.History-s.before.CursorY-s.printed, 0)
	}
	r.mayBeAbove = (s.cleared && !r.screenCleared || r.mayBeAbove && now.History >= s.before.History) && !now.Alternate && !s.isResized()
	r.last, r.printed, r.cleared, r.gap = now, 0, false, false
	r.moveOrigin(s)
	if r.row >= now.History+now.Height { // only after a clearing that the history does not show
		r.begin(origin{row: now.History})
	}
	if r.row < now.History-maxReadRows {
		r.begin(origin{row: now.History - maxReadRows})
	}
}

// moveOrigin moves the origin to the row that its line has after a step.
func (r *scrollback) moveOrigin(s step) {
	now := s.now
	screen := origin{row: now.History}
	switch {
	case s.before.Width == 0:
		r.begin(screen)
	case s.isResized(): // tmux wraps all lines anew: go on from here
		if r.begin(screen); r.echo != nil {
			r.begin(origin{row: now.History + now.CursorY, column: now.CursorX})
		}
	case s.cleared && !now.Alternate:
		r.mainOrigin = nil
		r.beginAnew(r.rowAfterClear(now))
	case now.Alternate && !s.before.Alternate:
		if r.mainOrigin = nil; !s.cleared { // else it has moved
			r.mainOrigin = &origin{row: r.row, column: r.column, aligned: r.echo != nil && r.echo.aligned}
		}
		r.begin(screen)
	case s.before.Alternate && !now.Alternate:
		r.leaveAlternate(s.before, now)
	case now.History < s.before.History && now.Height > s.before.Height: // rows have come back to the screen
	case now.History < s.before.History && s.dropped == 0: // cleared
		r.beginAnew(now.History)
	case s.dropped > 0:
		if r.row -= s.dropped; r.row < 0 {
			r.begin(origin{})
		}
	case now.History >= now.HistoryLimit-s.drop && s.printed >= max(now.HistoryLimit, now.History+s.drop)-s.before.History:
		// The history may have been dropped and filled again in between, and nothing
		// shows it. So much text has filled the screen.
		r.mayBeAbove = false
		r.begin(screen)
	case r.mayBeAbove && r.rowAfterClear(now) < r.row:
		r.beginAnew(r.rowAfterClear(now))
	}
}

// rowAfterClear is the row where the text after a clearing of the history begins. The
// history may be as long again as it was before.
func (r *scrollback) rowAfterClear(now controlmode.Place) int {
	if r.screenCleared {
		return 0
	}
	// The screen was not cleared, or the history begins with it. The text begins at
	// least as many rows above the cursor as newlines were printed.
	return min(max(now.History+now.CursorY-r.newlines, 0), now.History)
}

// begin moves the origin.
func (r *scrollback) begin(at origin) {
	r.row, r.column = at.row, at.column
	if r.echo != nil {
		r.echo.aligned = at.aligned
	}
}

// beginAnew moves the origin to text that may show all of the typing again.
func (r *scrollback) beginAnew(row int) {
	if r.begin(origin{row: row}); r.echo != nil {
		r.echo.pending = newPending(r.echo.display)
	}
}

// leaveAlternate goes on on the main screen, which is as it was.
func (r *scrollback) leaveAlternate(before, now controlmode.Place) {
	at := origin{row: now.History}
	switch {
	case r.mainOrigin != nil:
		at = *r.mainOrigin
	case r.echo != nil: // the typing began on the alternate screen
		at = origin{row: before.History + before.MainY, column: before.MainX}
	}
	r.mainOrigin = nil
	r.begin(at)
}

// advance moves the origin past lines that have left the screen, so that later reads
// need not ask for them. It keeps echo that may still grow.
func (r *scrollback) advance(p paneText, w withoutEcho) {
	if !p.exact || w.prefixOpen {
		return
	}
	to := 0
	for i := range p.lines {
		if p.numbers[i] <= 0 && (i > w.prefixEnd || i == w.prefixEnd && w.lines[i] == p.lines[i]) {
			to = i
		}
	}
	if to == 0 {
		return
	}
	r.begin(origin{row: p.History + p.numbers[to]})
	if r.echo != nil {
		r.echo.pending = w.pending[to]
	}
}
