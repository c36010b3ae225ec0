package controlmode

import (
	"errors"
	"fmt"
	"math"

	"interplexer/controlmode/internal/wire"
)

// ErrHistoryMoved: what was to be captured next had left the pane's history,
// or the history was cleared or laid out anew in between.
var ErrHistoryMoved = errors.New("controlmode: the history moved while it was captured")

// ErrTooManyLines: lines that are wrapped can be joined only if all are captured
// at once, and so many cannot.
var ErrTooManyLines = errors.New("controlmode: too many lines to be joined")

// Lines are lines of a pane by tmux's numbers: 0 is the first of the screen,
// the newest of its history is -1.
type Lines struct {
	First, Last int
	Newest      int  // instead, if positive: so many, the last of the screen included
	Escapes     bool // see ScreenOptions
	Join        bool // as well; WholeLines of history, and the screen, at most
}

// in is which lines are meant in a history.
func (l Lines) in(h paneHistory) Lines {
	if l.Newest > 0 {
		l.First, l.Last = h.height-l.Newest, ScreenEnd
	}
	if l.First > l.Last { // as capture-pane has it
		l.First, l.Last = l.Last, l.First
	}
	return l
}

// tooMany reports whether the lines have to come piece by piece.
func (l Lines) tooMany(h paneHistory) bool {
	return h.index(l.Last)-h.index(l.First) >= WholeLines+h.height
}

// The ends of what a pane has.
const (
	HistoryStart = math.MinInt32
	ScreenEnd    = maxLine

	// maxLine is the largest number that capture-pane takes.
	maxLine = math.MaxInt16
)

const (
	// WholeLines of history, and the screen, are captured at once: so much
	// holds up everybody for some milliseconds.
	WholeLines = 2000
	// pieceLines is a piece of a longer history.
	pieceLines = 250
	// tailLines at the end of a piece are looked for in the next one, to know
	// how far the history has moved.
	tailLines = 50
)

// paneHistory is the state that tells where lines are.
type paneHistory struct {
	size   int // lines of history
	limit  int // when it has so many, tmux drops the oldest tenth of the limit
	height int // of the screen
	width  int
}

const historyFormat = "'#{history_size} #{history_limit} #{pane_height} #{pane_width}'"

func parseHistory(body []byte) (paneHistory, error) {
	r := wire.RecordReader{Rest: string(body)}
	h := paneHistory{size: r.Number(), limit: r.Number(), height: r.Number(), width: r.Number()}
	r.Newline()
	if r.Bad {
		return paneHistory{}, fmt.Errorf("%w: a pane's history is %q", ErrProtocol, body)
	}
	return h, nil
}

// index counts a line from the oldest of the history.
func (h paneHistory) index(number int) int {
	return min(max(h.size+number, 0), h.size+h.height-1)
}

// drop is how many lines tmux drops at a time when the history is full.
func (h paneHistory) drop() int { return max(h.limit/10, 1) }
