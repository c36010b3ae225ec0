package registry

import (
	"context"
	"errors"
	"fmt"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// Send types into a pane of the caller's session. The input of one call is never
// interleaved with that of another. It fails with ErrNotFound for an unknown session or
// pane, with ErrEnded for one that has ended, with ErrPaneDead, ErrInMode and
// ErrNotReading before anything is typed, and with ErrUnknownOutcome when the
// connection broke in between.
func (r *Registry) Send(ctx context.Context, p session.Principal, id int64, in session.Input) error {
	return r.send(ctx, p, id, in, func(ctx context.Context, c controlmode.Client, t controlmode.Target, keys *controlmode.Input) error {
		return c.SendKeys(ctx, t, keys)
	})
}

// SendFrom is Send that returns the place where the cursor was when the typing began, and
// calls before just before that.
func (r *Registry) SendFrom(ctx context.Context, p session.Principal, id int64, in session.Input, before func(context.Context)) (controlmode.Place, error) {
	var place controlmode.Place
	err := r.send(ctx, p, id, in, func(ctx context.Context, c controlmode.Client, t controlmode.Target, keys *controlmode.Input) (err error) {
		before(ctx)
		place, err = c.SendKeysFrom(ctx, t, keys)
		return err
	})
	return place, err
}

// send types with one of Client's methods.
func (r *Registry) send(ctx context.Context, p session.Principal, id int64, in session.Input, method func(context.Context, controlmode.Client, controlmode.Target, *controlmode.Input) error) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	target, err := rec.ref.Target(in.Pane)
	if err != nil {
		return err
	}
	if err := in.Check(); err != nil {
		return err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	err = r.backlog.add(ctx, rec.row.ID, in.Pane, in.Size(), func(ctx context.Context) (string, error) {
		return rec.ref.Client(r.tmux).PaneTTY(ctx, target)
	})
	if errors.Is(err, session.ErrNotReading) {
		return err
	}
	if err == nil {
		err = method(ctx, rec.ref.Client(r.tmux), target, keysOf(in))
	}
	r.live.Touch(rec.row.ID)
	if err != nil {
		return r.explain(ctx, rec, err, tmux.Writing)
	}
	return nil
}

// keysOf converts an input to controlmode's.
func keysOf(in session.Input) *controlmode.Input {
	keys := new(controlmode.Input)
	if in.RefuseMode {
		keys.RefuseMode()
	}
	switch {
	case in.Line != nil:
		keys.Bytes(*in.Line)
		if !in.NoEnter {
			keys.Keys("Enter")
		}
	case in.Keys != nil:
		keys.Keys(in.Keys...)
	case in.Text != nil:
		keys.Bytes(*in.Text)
	case in.Paste != nil:
		keys.Paste(*in.Paste)
	default:
		keys.Bytes(string(in.Raw))
	}
	return keys
}

// Resize gives the current window of the caller's session a size in cells, 1 to
// 10,000 each. It fails as Send does.
func (r *Registry) Resize(ctx context.Context, p session.Principal, id int64, width, height int) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	var bad session.InvalidError
	for _, side := range []struct {
		field string
		size  int
	}{{"width", width}, {"height", height}} {
		if side.size < 1 || side.size > session.MaxSize {
			bad.Complain(side.field, fmt.Sprintf("must be from 1 to %d", session.MaxSize))
		}
	}
	if err := bad.OrNil(); err != nil {
		return err
	}
	return r.resizeWindow(ctx, rec, width, height)
}
