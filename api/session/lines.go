package session

import (
	"bytes"
	"context"
	"errors"
	"time"

	"interplexer/controlmode"
)

// LinesOptions choose lines of a pane by tmux's numbers: 0 is the first of the
// screen, -1 the newest of its history.
type LinesOptions struct {
	CaptureOptions
	First, Last int // HistoryStart and ScreenEnd are all that there is
}

// The ends of what a pane has.
const (
	HistoryStart = controlmode.HistoryStart
	ScreenEnd    = controlmode.ScreenEnd
)

// Lines calls each with the lines of a pane of the caller's session, piece by
// piece, so that neither a long history nor a slow reader costs memory or makes
// anybody else wait. It fails as Screen does, with ErrHistoryMoved when the
// lines scrolled away before they could be read, and with each's error.
func (r *Registry) Lines(ctx context.Context, p Principal, id int64, o LinesOptions, each func([]byte) error) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	target, err := rec.target(o.Pane)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// tmux has its time for each piece; how long the reader takes does not count.
	late := time.AfterFunc(tmuxTimeout, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	if o.Trim {
		each = heldBlanks(each)
	}
	var refused error
	err = rec.on(r.tmux).CaptureLines(ctx, target, controlmode.Lines{First: o.First, Last: o.Last}, func(piece []byte) error {
		late.Stop()
		if refused = each(piece); refused == nil {
			late.Reset(tmuxTimeout)
		}
		return refused
	})
	switch {
	case err == nil || refused != nil:
		return refused
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return r.explain(context.WithoutCancel(ctx), rec, err, reading)
}

// heldBlanks keeps blank lines back until a line comes that is not.
func heldBlanks(each func([]byte) error) func([]byte) error {
	blanks := 0
	return func(piece []byte) error {
		text := trimBlankLines(piece)
		if len(text) == 0 {
			blanks += len(piece)
			return nil
		}
		if blanks > 0 {
			text = append(bytes.Repeat([]byte("\n"), blanks), text...)
		}
		blanks = len(piece) - len(trimBlankLines(piece))
		return each(text)
	}
}
