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

// ErrHistoryMoved: the next lines to be captured had left the pane's history, or the
// history was cleared or rewrapped in between.
var ErrHistoryMoved = errors.New("controlmode: the history moved while it was captured")

// ErrTooManyLines: wrapped lines can be joined only if all are captured at once, and
// these are too many for that.
var ErrTooManyLines = errors.New("controlmode: too many lines to be joined")

// Lines are lines of a pane by tmux's numbers: 0 is the first of the screen, and -1
// is the newest of its history.
type Lines struct {
	First, Last int
	Newest      int  // if positive, used instead: so many lines up to the end of the screen
	Escapes     bool // see ScreenOptions
	Join        bool // see ScreenOptions; WholeLines of history, and the screen, at most
}

// resolve applies Newest and orders the numbers.
func (l Lines) resolve(h historyState) Lines {
	if l.Newest > 0 {
		l.First, l.Last = h.height-l.Newest, ScreenEnd
	}
	if l.First > l.Last { // as in capture-pane
		l.First, l.Last = l.Last, l.First
	}
	return l
}

// needsPieces reports whether the lines have to be captured piece by piece.
func (l Lines) needsPieces(h historyState) bool {
	return h.index(l.Last)-h.index(l.First) >= WholeLines+h.height
}

// The first and the last line of any pane.
const (
	HistoryStart = math.MinInt32
	ScreenEnd    = maxLine

	// maxLine is the largest number that capture-pane takes.
	maxLine = math.MaxInt16
)

const (
	// WholeLines of history, and the screen, are captured at once. That holds up
	// everybody for some milliseconds.
	WholeLines = 2000
	// pieceLines is the size of a piece of a longer history.
	pieceLines = 250
	// tailLines are the lines at the end of a piece that are looked for in the next
	// one, to know how far the history has moved.
	tailLines = 50
)

// historyState is the state that determines the numbers of lines.
type historyState struct {
	size   int // lines of history
	limit  int // when it has so many, tmux drops the oldest tenth of the limit
	height int // of the screen
	width  int
}

// historyFormat expands to numbers.
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

// index converts tmux's number of a line to one that counts from the oldest line of
// the history.
func (h historyState) index(number int) int {
	return min(max(h.size+number, 0), h.size+h.height-1)
}

// drop is the number of lines that tmux drops at a time when the history is full.
func (h historyState) drop() int { return max(h.limit/10, 1) }

// CaptureLines captures lines of a pane's history and screen, each ended by \n and
// without the blanks at its end. It calls each with one piece after another; each may
// keep the piece. The lines of a pane with tmux's default history are one piece, all
// of one moment. Longer ones come in several pieces, over a connection of their own,
// so that nobody waits for the whole. Lines that scroll meanwhile are neither lost
// nor repeated; if that is impossible, CaptureLines fails with ErrHistoryMoved. It
// fails with ErrNotFound when the pane is gone. Numbers beyond the pane's lines mean
// its first or last line. An error of each is returned.
//
// With Escapes, every piece but the first begins with the sequences of its style.
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

// historyState asks for a pane's state.
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

// historyReader reads lines piece by piece. Indexes count from the line that was the
// oldest at the last capture.
type historyReader struct {
	client     Client
	target     Target
	options    ScreenOptions
	from       historyState // the state at the last capture
	next, last int          // the lines still to be read
	// tail is the last lines that were read, those before next.
	tail [][]byte
	// style is the style at the end of the last line.
	style wire.SGRState
	// margin is how many lines the history may grow by from one capture to the next.
	margin int
}

// start reads the first piece: the lines that have those numbers when tmux takes the
// command.
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

// accept notes that the next lines have been read, and returns them as a piece.
// before are the lines that were captured with them.
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

// read reads the next piece. Before tmux takes the command, the history may grow and
// may lose its oldest lines; then the lines have other numbers. So the capture begins
// some lines earlier, and the tail in it shows where the next lines begin.
func (r *historyReader) read(ctx context.Context) ([]byte, error) {
	for {
		h := r.from
		end := r.last
		if r.last-r.next >= pieceLines+h.height { // a piece must not end on the screen, which changes
			end = r.next + pieceLines - 1
		}
		begin := r.next - len(r.tail) - r.margin
		now, lines, err := r.capture(ctx, begin-h.size, end-h.size)
		if err != nil {
			return nil, err
		}
		if now.width != h.width { // all lines have been rewrapped
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

// locate looks for the next lines in a capture that begins at index first. It returns
// how much the history has grown, at the least, and where the next lines begin in the
// capture; -1: they are not in it. If it finds them, indexes count from the oldest
// line of this capture from now on.
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
		at := r.next - dropped - first // position of the next line in lines
		if at < len(r.tail) || at >= len(lines) || !slices.EqualFunc(r.tail, lines[at-len(r.tail):at], r.same) {
			continue
		}
		r.from, r.next, r.last = now, r.next-dropped, r.last-dropped
		return grown, at
	}
	return max(least, 0), -1
}

// same compares lines of different captures. The escapes at the start of a line
// depend on the lines before it.
func (r *historyReader) same(a, b []byte) bool {
	return bytes.Equal(a, b) || r.options.Escapes && bytes.Equal(wire.WithoutStyles(a), wire.WithoutStyles(b))
}

// capture captures lines by tmux's numbers, with the state of the history at that
// moment.
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
