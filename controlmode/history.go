package controlmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

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
func (l Lines) resolve(h historyState) Lines {
	if l.Newest > 0 {
		l.First, l.Last = h.height-l.Newest, ScreenEnd
	}
	if l.First > l.Last { // as capture-pane has it
		l.First, l.Last = l.Last, l.First
	}
	return l
}

// tooMany reports whether the lines have to come piece by piece.
func (l Lines) needsPieces(h historyState) bool {
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
type historyState struct {
	size   int // lines of history
	limit  int // when it has so many, tmux drops the oldest tenth of the limit
	height int // of the screen
	width  int
}

const historyFormat = "'#{history_size} #{history_limit} #{pane_height} #{pane_width}'"

func parseHistory(body []byte) (historyState, error) {
	r := wire.RecordReader{Rest: string(body)}
	h := historyState{size: r.Number(), limit: r.Number(), height: r.Number(), width: r.Number()}
	r.Newline()
	if r.Bad {
		return historyState{}, fmt.Errorf("%w: a pane's history is %q", ErrProtocol, body)
	}
	return h, nil
}

// index counts a line from the oldest of the history.
func (h historyState) index(number int) int {
	return min(max(h.size+number, 0), h.size+h.height-1)
}

// drop is how many lines tmux drops at a time when the history is full.
func (h historyState) drop() int { return max(h.limit/10, 1) }

// CaptureLines captures lines of a pane's history and screen, each ended by \n
// and without the blanks at its end, and calls each with one piece after
// another, which it may keep. What a pane of tmux's default history has is one
// piece, all of one moment; longer ones come in several, over a connection of
// their own, so that nobody waits for the whole. Lines that scroll meanwhile
// are neither lost nor told twice; if that cannot be had it fails with
// ErrHistoryMoved, and with ErrNotFound when the pane is gone. Numbers beyond
// what the pane has mean its first or last line. An error of each is returned.
//
// With Escapes every piece but the first says anew what style it begins with.
// With Join there is one piece, or ErrTooManyLines.
func (c Client) CaptureLines(ctx context.Context, t Target, l Lines, each func([]byte) error) error {
	h, err := c.historyState(ctx, t)
	if err != nil {
		return err
	}
	l = l.resolve(h)
	reader := historyReader{client: c, target: t, options: ScreenOptions{Escapes: l.Escapes, Join: l.Join}}
	if l.Join {
		if l.needsPieces(h) {
			return ErrTooManyLines
		}
		_, lines, err := reader.capture(ctx, l.First, l.Last)
		if err != nil {
			return err
		}
		return each(bytes.Join(lines, nil))
	}
	piece, err := reader.start(ctx, h, l)
	for err == nil {
		if err = each(piece); err != nil || reader.next > reader.last {
			return err
		}
		piece, err = reader.read(ctx)
	}
	return err
}

func (c Client) historyState(ctx context.Context, t Target) (historyState, error) {
	cmd := wire.NewCommand("display-message -p").To(t).Word(historyFormat)
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, readOnly: true, bulk: true})
	if err != nil {
		return historyState{}, err
	}
	if len(bytes.TrimSpace(blocks[0].Body)) == 0 {
		return historyState{}, noPane()
	}
	return parseHistory(blocks[0].Body)
}

// historyReader reads lines piece by piece. Indexes count from the line that was
// the oldest at the last look.
type historyReader struct {
	client     Client
	target     Target
	options    ScreenOptions
	from       historyState // the last look
	next, last int          // the lines still to be read
	// tail are the last lines that were read, which come before next.
	tail [][]byte
	// style is the one that the last line ended with.
	style wire.SGRState
	// slack is how many lines the history may grow by from one look to the next.
	margin int
}

// start reads the first piece, which is where the numbers say when tmux takes
// the command.
func (r *historyReader) start(ctx context.Context, h historyState, l Lines) ([]byte, error) {
	end := l.Last
	if l.needsPieces(h) {
		end = h.index(l.First) + pieceLines - 1 - h.size
	}
	now, lines, err := r.capture(ctx, l.First, end)
	if err != nil {
		return nil, err
	}
	r.from, r.next, r.last = now, now.index(l.First), now.index(l.Last)
	return r.accept(nil, lines), nil
}

// taken notes that the next lines have been read. before are those that were
// captured with them.
func (r *historyReader) accept(before, lines [][]byte) []byte {
	r.next += len(lines)
	r.tail = append(r.tail, lines...)
	r.tail = slices.Clone(r.tail[max(len(r.tail)-tailLines, 0):])
	if !r.options.Escapes {
		return bytes.Join(lines, nil)
	}
	piece := r.style.Transition(before)
	for _, line := range lines {
		r.style.Consume(line)
		piece = append(piece, line...)
	}
	return piece
}

// read reads the next piece. The history may grow before tmux takes the
// command, and may lose its oldest lines, and then the lines are not where they
// are asked for: so some of those before are asked for as well, and the tail
// among them says which are next.
func (r *historyReader) read(ctx context.Context) ([]byte, error) {
	for {
		h := r.from
		end := r.last
		if r.last-r.next >= pieceLines+h.height { // no border of pieces is on the screen, which changes
			end = r.next + pieceLines - 1
		}
		begin := r.next - len(r.tail) - r.margin
		now, lines, err := r.capture(ctx, begin-h.size, end-h.size)
		if err != nil {
			return nil, err
		}
		if now.width != h.width { // all lines are other ones
			return nil, ErrHistoryMoved
		}
		grown, found := r.locate(now, max(begin-h.size+now.size, 0), lines)
		if found >= 0 {
			r.margin = 2 * grown
			return r.accept(lines[:found], lines[found:min(found+r.last+1-r.next, len(lines))]), nil
		}
		if r.margin = 2 * max(grown, r.margin, tailLines); r.margin > WholeLines {
			return nil, ErrHistoryMoved
		}
	}
}

// find looks for the next lines in a capture that begins at index first. It
// says how much the history has grown at the least, and, if it finds them, where
// they begin, and counts from now on; else -1.
func (r *historyReader) locate(now historyState, first int, lines [][]byte) (grown, at int) {
	least := -1
	for dropped := 0; dropped <= r.next-len(r.tail); dropped += now.drop() {
		grown = now.size - r.from.size + dropped
		if grown < 0 {
			continue
		}
		if least < 0 {
			least = grown
		}
		at := r.next - dropped - first // in lines, of the next
		if at < len(r.tail) || at >= len(lines) || !slices.EqualFunc(r.tail, lines[at-len(r.tail):at], r.same) {
			continue
		}
		r.from, r.next, r.last = now, r.next-dropped, r.last-dropped
		return grown, at
	}
	return max(least, 0), -1
}

// same compares lines of different captures: how the escapes of one begin depends
// on the lines before it.
func (r *historyReader) same(a, b []byte) bool {
	return bytes.Equal(a, b) || r.options.Escapes && bytes.Equal(wire.WithoutStyles(a), wire.WithoutStyles(b))
}

// capture captures lines by tmux's numbers, and tells what the history is at
// that moment.
func (r *historyReader) capture(ctx context.Context, first, last int) (historyState, [][]byte, error) {
	head, text, err := r.client.capture(ctx, captureSpec{
		target: r.target, format: historyFormat, options: r.options, bulk: true,
		rangeFlags: fmt.Sprintf("-S %d -E %d", first, min(last, maxLine)),
	})
	if err != nil {
		return historyState{}, nil, err
	}
	now, err := parseHistory(head)
	if err != nil {
		return historyState{}, nil, err
	}
	return now, slices.Collect(bytes.Lines(text)), nil
}
