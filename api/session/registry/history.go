package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// linesOf are the lines as tmux is asked for them.
func linesOf(o session.LinesOptions) controlmode.Lines {
	return controlmode.Lines{First: o.First, Last: o.Last, Newest: o.Lines, Escapes: o.Escapes, Join: o.Join}
}

// The domain's bounds of a history are tmux's.
var _ = [1]struct{}{}[(session.HistoryStart-controlmode.HistoryStart)|(session.ScreenEnd-controlmode.ScreenEnd)|(session.MaxShownLines-controlmode.WholeLines)]

// Lines calls each with the lines of a pane of the caller's session, piece by
// piece, so that neither a long history nor a slow reader costs memory or makes
// anybody else wait. It fails as Screen does, with ErrHistoryMoved when the
// lines scrolled away before they could be read, and with each's error.
func (r *Registry) Lines(ctx context.Context, p session.Principal, id int64, o session.LinesOptions, each func([]byte) error) error {
	if err := o.Check(); err != nil {
		return err
	}
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	target, err := rec.ref.Target(o.Pane)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// tmux has its time for each piece; how long the reader takes does not count.
	late := time.AfterFunc(tmux.Timeout, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	if o.Trim {
		each = heldBlanks(each)
	}
	var refused error
	err = rec.ref.Client(r.tmux).CaptureLines(ctx, target, linesOf(o), func(piece []byte) error {
		late.Stop()
		if refused = each(piece); refused == nil {
			late.Reset(tmux.Timeout)
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
	return r.explain(context.WithoutCancel(ctx), rec, err, tmux.Reading)
}

// heldBlanks keeps blank lines back until a line comes that is not.
func heldBlanks(each func([]byte) error) func([]byte) error {
	blanks := 0
	return func(piece []byte) error {
		text := live.TrimBlankLines(piece)
		if len(text) == 0 {
			blanks += len(piece)
			return nil
		}
		if blanks > 0 {
			text = append(bytes.Repeat([]byte("\n"), blanks), text...)
		}
		blanks = len(piece) - len(live.TrimBlankLines(piece))
		return each(text)
	}
}

// tooManyJoined: where lines are wrapped is not told, so all are joined by tmux, at
// once.
var tooManyJoined = &session.InvalidError{Fields: []session.FieldError{{
	Field: "join", Detail: fmt.Sprintf("at most %d lines of history can be joined at a time: ask for fewer, or leave it out", session.MaxShownLines),
}}}
