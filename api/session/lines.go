package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"interplexer/controlmode"
)

// LinesOptions choose lines of a pane by tmux's numbers: 0 is the first of the
// screen, -1 the newest of its history. If CaptureOptions has Lines, it means those,
// however many.
type LinesOptions struct {
	CaptureOptions
	First, Last int // HistoryStart and ScreenEnd are all that there is
}

func (o LinesOptions) lines() controlmode.Lines {
	return controlmode.Lines{First: o.First, Last: o.Last, Newest: o.Lines, Escapes: o.Escapes, Join: o.Join}
}

// The ends of what a pane has.
const (
	HistoryStart = controlmode.HistoryStart
	ScreenEnd    = controlmode.ScreenEnd
)

// check refuses what cannot be had of a history.
func (o LinesOptions) check() error {
	switch {
	case o.Format != Text || o.Styles:
		return invalid("format", "must be text or ansi for a history: the others show the screen")
	case o.Trim && o.Lines > MaxShownLines: // which are the last depends on it
		return invalid("trim", fmt.Sprintf("goes with at most %d lines", MaxShownLines))
	}
	return nil
}

// Lines calls each with the lines of a pane of the caller's session, piece by
// piece, so that neither a long history nor a slow reader costs memory or makes
// anybody else wait. It fails as Screen does, with ErrHistoryMoved when the
// lines scrolled away before they could be read, and with each's error.
func (r *Registry) Lines(ctx context.Context, p Principal, id int64, o LinesOptions, each func([]byte) error) error {
	if err := o.check(); err != nil {
		return err
	}
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
	err = rec.on(r.tmux).CaptureLines(ctx, target, o.lines(), func(piece []byte) error {
		late.Stop()
		if refused = each(piece); refused == nil {
			late.Reset(tmuxTimeout)
		}
		return refused
	})
	switch {
	case err == nil || refused != nil:
		return refused
	case errors.Is(err, controlmode.ErrTooManyLines):
		return tooManyJoined
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

// tooManyJoined: where lines are wrapped is not told, so all are joined by tmux, at
// once.
var tooManyJoined = &InvalidError{Fields: []FieldError{{
	Field: "join", Detail: fmt.Sprintf("at most %d lines of history can be joined at a time: ask for fewer, or leave it out", MaxShownLines),
}}}
