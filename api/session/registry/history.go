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

// linesOf converts options to controlmode's.
func linesOf(o session.LinesOptions) controlmode.Lines {
	return controlmode.Lines{First: o.First, Last: o.Last, Newest: o.Lines, Escapes: o.Escapes, Join: o.Join}
}

// The bounds of a history are the same numbers in session and in controlmode; if they
// were not, this would not compile.
var _ = [1]struct{}{}[(session.HistoryStart-controlmode.HistoryStart)|(session.ScreenEnd-controlmode.ScreenEnd)|(session.MaxShownLines-controlmode.WholeLines)]

// Lines calls each with the lines of a pane of the caller's session, piece by piece. So a
// long history or a slow reader costs no memory, and nobody else waits. Lines blocks until
// all is read. It fails as Screen does; with ErrHistoryMoved when the lines scrolled away
// before they were read; and with the error of each.
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
	// Each piece has tmux's full timeout. The time that the reader takes does not count.
	timeout := time.AfterFunc(tmux.Timeout, func() { cancel(context.DeadlineExceeded) })
	defer timeout.Stop()
	if o.Trim {
		each = holdBackBlankLines(each)
	}
	var refused error
	err = rec.ref.Client(r.tmux).CaptureLines(ctx, target, linesOf(o), func(piece []byte) error {
		timeout.Stop()
		if refused = each(piece); refused == nil {
			timeout.Reset(tmux.Timeout)
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

// holdBackBlankLines passes lines on to each, and holds blank lines back until another
// line follows. So it drops the blank lines at the end.
func holdBackBlankLines(each func([]byte) error) func([]byte) error {
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

// tooManyJoined is returned when more lines are to be joined than tmux prints at a time.
// tmux does not say where lines are wrapped, so it has to join them itself, in one
// capture.
var tooManyJoined = &session.InvalidError{Fields: []session.FieldError{{
	Field: "join", Detail: fmt.Sprintf("at most %d lines of history can be joined at a time: ask for fewer, or leave it out", session.MaxShownLines),
}}}
