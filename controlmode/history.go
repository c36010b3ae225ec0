package controlmode

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"interplexer/controlmode/internal/wire"
)

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
	h, err := c.paneHistory(ctx, t)
	if err != nil {
		return err
	}
	l = l.in(h)
	reader := historyReader{client: c, target: t, options: ScreenOptions{Escapes: l.Escapes, Join: l.Join}}
	if l.Join {
		if l.tooMany(h) {
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

func (c Client) paneHistory(ctx context.Context, t Target) (paneHistory, error) {
	cmd := wire.NewCommand("display-message -p").To(t).Word(historyFormat)
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, readOnly: true, bulk: true})
	if err != nil {
		return paneHistory{}, err
	}
	if len(bytes.TrimSpace(blocks[0].Body)) == 0 {
		return paneHistory{}, noPane()
	}
	return parseHistory(blocks[0].Body)
}

// historyReader reads lines piece by piece. Indexes count from the line that was
// the oldest at the last look.
type historyReader struct {
	client     Client
	target     Target
	options    ScreenOptions
	from       paneHistory // the last look
	next, last int         // the lines still to be read
	// tail are the last lines that were read, which come before next.
	tail [][]byte
	// style is the one that the last line ended with.
	style carried
	// slack is how many lines the history may grow by from one look to the next.
	slack int
}

// start reads the first piece, which is where the numbers say when tmux takes
// the command.
func (r *historyReader) start(ctx context.Context, h paneHistory, l Lines) ([]byte, error) {
	end := l.Last
	if l.tooMany(h) {
		end = h.index(l.First) + pieceLines - 1 - h.size
	}
	now, lines, err := r.capture(ctx, l.First, end)
	if err != nil {
		return nil, err
	}
	r.from, r.next, r.last = now, now.index(l.First), now.index(l.Last)
	return r.taken(nil, lines), nil
}

// taken notes that the next lines have been read. before are those that were
// captured with them.
func (r *historyReader) taken(before, lines [][]byte) []byte {
	r.next += len(lines)
	r.tail = append(r.tail, lines...)
	r.tail = slices.Clone(r.tail[max(len(r.tail)-tailLines, 0):])
	if !r.options.Escapes {
		return bytes.Join(lines, nil)
	}
	piece := r.style.begin(before)
	for _, line := range lines {
		r.style.pass(line)
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
		begin := r.next - len(r.tail) - r.slack
		now, lines, err := r.capture(ctx, begin-h.size, end-h.size)
		if err != nil {
			return nil, err
		}
		if now.width != h.width { // all lines are other ones
			return nil, ErrHistoryMoved
		}
		grown, found := r.find(now, max(begin-h.size+now.size, 0), lines)
		if found >= 0 {
			r.slack = 2 * grown
			return r.taken(lines[:found], lines[found:min(found+r.last+1-r.next, len(lines))]), nil
		}
		if r.slack = 2 * max(grown, r.slack, tailLines); r.slack > WholeLines {
			return nil, ErrHistoryMoved
		}
	}
}

// find looks for the next lines in a capture that begins at index first. It
// says how much the history has grown at the least, and, if it finds them, where
// they begin, and counts from now on; else -1.
func (r *historyReader) find(now paneHistory, first int, lines [][]byte) (grown, at int) {
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
	return bytes.Equal(a, b) || r.options.Escapes && bytes.Equal(unstyled(a), unstyled(b))
}

// capture captures lines by tmux's numbers, and tells what the history is at
// that moment.
func (r *historyReader) capture(ctx context.Context, first, last int) (paneHistory, [][]byte, error) {
	head, text, err := r.client.capture(ctx, captured{
		target: r.target, head: historyFormat, options: r.options, bulk: true,
		area: fmt.Sprintf("-S %d -E %d", first, min(last, maxLine)),
	})
	if err != nil {
		return paneHistory{}, nil, err
	}
	now, err := parseHistory(head)
	if err != nil {
		return paneHistory{}, nil, err
	}
	return now, slices.Collect(bytes.Lines(text)), nil
}
