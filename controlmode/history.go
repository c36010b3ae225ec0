package controlmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrHistoryMoved: what was to be captured next had left the pane's history,
// or the history was cleared or laid out anew in between.
var ErrHistoryMoved = errors.New("controlmode: the history moved while it was captured")

// Lines are lines of a pane by tmux's numbers: 0 is the first of the screen,
// the newest of its history is -1.
type Lines struct{ First, Last int }

// The ends of what a pane has.
const (
	HistoryStart = math.MinInt32
	ScreenEnd    = maxLine

	// maxLine is the largest number that capture-pane takes.
	maxLine = math.MaxInt16
)

const (
	// wholeLines of history, and the screen, are captured at once: so much
	// holds up everybody for some milliseconds.
	wholeLines = 2000
	// pieceLines is a piece of a longer history.
	pieceLines = 250
	// tailLines at the end of a piece are looked for in the next one, to know
	// how far the history has moved.
	tailLines = 50
)

// CaptureLines captures lines of a pane's history and screen, each ended by \n
// and without the blanks at its end, and calls each with one piece after
// another, which it may keep. What a pane of tmux's default history has is one
// piece, all of one moment; longer ones come in several, over a connection of
// their own, so that nobody waits for the whole. Lines that scroll meanwhile
// are neither lost nor told twice; if that cannot be had it fails with
// ErrHistoryMoved, and with ErrNotFound when the pane is gone. Numbers beyond
// what the pane has mean its first or last line. An error of each is returned.
func (c Client) CaptureLines(ctx context.Context, t Target, l Lines, each func([]byte) error) error {
	if l.First > l.Last { // as capture-pane has it
		l.First, l.Last = l.Last, l.First
	}
	h, err := c.paneHistory(ctx, t)
	if err != nil {
		return err
	}
	reader := historyReader{client: c, target: t}
	piece, err := reader.start(ctx, h, l)
	for err == nil {
		if err = each(piece); err != nil || reader.next > reader.last {
			return err
		}
		piece, err = reader.read(ctx)
	}
	return err
}

// paneHistory is the state that tells where lines are.
type paneHistory struct {
	size   int // lines of history
	limit  int // when it has so many, tmux drops the oldest tenth of the limit
	height int // of the screen
	width  int
}

const historyFormat = "'#{history_size} #{history_limit} #{pane_height} #{pane_width}'"

func parseHistory(body []byte) (paneHistory, error) {
	r := records{rest: string(body)}
	h := paneHistory{size: r.number(), limit: r.number(), height: r.number(), width: r.number()}
	r.newline()
	if r.bad {
		return paneHistory{}, fmt.Errorf("%w: a pane's history is %q", ErrProtocol, body)
	}
	return h, nil
}

func (c Client) paneHistory(ctx context.Context, t Target) (paneHistory, error) {
	cmd := newCommand("display-message -p").to(t).word(historyFormat)
	blocks, err := c.send(ctx, cmd, request{frame: frame{blocks: 1}, readOnly: true, bulk: true})
	if err != nil {
		return paneHistory{}, err
	}
	if len(bytes.TrimSpace(blocks[0].Body)) == 0 {
		return paneHistory{}, noPane()
	}
	return parseHistory(blocks[0].Body)
}

// index counts a line from the oldest of the history.
func (h paneHistory) index(number int) int {
	return min(max(h.size+number, 0), h.size+h.height-1)
}

// drop is how many lines tmux drops at a time when the history is full.
func (h paneHistory) drop() int { return max(h.limit/10, 1) }

// historyReader reads lines piece by piece. Indexes count from the line that was
// the oldest at the last look.
type historyReader struct {
	client     Client
	target     Target
	from       paneHistory // the last look
	next, last int         // the lines still to be read
	// tail are the last lines that were read, which come before next.
	tail [][]byte
	// slack is how many lines the history may grow by from one look to the next.
	slack int
}

// start reads the first piece, which is where the numbers say when tmux takes
// the command.
func (r *historyReader) start(ctx context.Context, h paneHistory, l Lines) ([]byte, error) {
	end := l.Last
	if first := h.index(l.First); h.index(l.Last)-first >= wholeLines+h.height {
		end = first + pieceLines - 1 - h.size
	}
	now, lines, err := r.capture(ctx, l.First, end)
	if err != nil {
		return nil, err
	}
	r.from, r.next, r.last = now, now.index(l.First), now.index(l.Last)
	return r.taken(lines), nil
}

// taken notes that the next lines have been read.
func (r *historyReader) taken(lines [][]byte) []byte {
	r.next += len(lines)
	r.tail = append(r.tail, lines...)
	r.tail = slices.Clone(r.tail[max(len(r.tail)-tailLines, 0):])
	return bytes.Join(lines, nil)
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
		begin := r.next - len(r.tail) - r.slack
		now, lines, err := r.capture(ctx, begin-h.size, end-h.size)
		if err != nil {
			return nil, err
		}
		if now.width != h.width { // all lines are other ones
			return nil, ErrHistoryMoved
		}
		grown, found := r.find(now, max(begin-h.size+now.size, 0), lines)
		if found != nil {
			r.slack = 2 * grown
			return r.taken(found), nil
		}
		if r.slack = 2 * max(grown, r.slack, tailLines); r.slack > wholeLines {
			return nil, ErrHistoryMoved
		}
	}
}

// find looks for the next lines in a capture that begins at index first. It
// says how much the history has grown at the least, and, if it finds them,
// counts from now on.
func (r *historyReader) find(now paneHistory, first int, lines [][]byte) (grown int, next [][]byte) {
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
		if at < len(r.tail) || at >= len(lines) || !slices.EqualFunc(r.tail, lines[at-len(r.tail):at], bytes.Equal) {
			continue
		}
		r.from, r.next, r.last = now, r.next-dropped, r.last-dropped
		return grown, lines[at:min(r.last+1-first, len(lines))]
	}
	return max(least, 0), nil
}

// capture captures lines by tmux's numbers, and tells what the history is at
// that moment.
func (r *historyReader) capture(ctx context.Context, first, last int) (paneHistory, [][]byte, error) {
	leaky := r.client.version.has(leakyCapture)
	cmd := newCommand("display-message -p").to(r.target).word(historyFormat).then("capture-pane")
	f := frame{blocks: 2, free: 1, sealed: true}
	if leaky {
		f.blocks, f.free = 4, 2
		cmd.word("-b " + captureBuffer)
	} else {
		cmd.word("-p")
	}
	cmd.to(r.target).word("-S").number(first).word("-E").number(min(last, maxLine))
	if leaky {
		cmd.then("show-buffer -b " + captureBuffer).then("delete-buffer -b " + captureBuffer)
	}
	req := request{frame: f, nonce: true, readOnly: true, bulk: true, told: leaky && r.client.version.has(toldBuffers)}
	blocks, err := r.client.send(ctx, cmd, req)
	if err != nil {
		return paneHistory{}, nil, err
	}
	now, err := parseHistory(blocks[0].Body)
	if err != nil {
		return paneHistory{}, nil, err
	}
	text := blocks[f.free].Body
	if leaky {
		if text, err = bufferLines(r.client.version, text, now.index(last)-now.index(first)+1); err != nil {
			return paneHistory{}, nil, err
		}
	}
	return now, slices.Collect(bytes.Lines(text)), nil
}
