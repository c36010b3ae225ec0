package session

import (
	"context"
	"errors"
	"fmt"

	"interplexer/controlmode"
)

// Screen returns what a pane of the caller's session shows: exactly the pane's
// lines as tmux holds them. What it returns is at the earliest of when it was
// called, or nothing has told of a change since. It fails with ErrNotFound for
// an unknown session or pane, with ErrEnded for one that has ended and with an
// InvalidError for options that do not go together.
func (r *Registry) Screen(ctx context.Context, p Principal, id int64, o CaptureOptions) (Snapshot, error) {
	if err := o.check(); err != nil {
		return Snapshot{}, err
	}
	rec, err := r.running(p, id)
	if err != nil {
		return Snapshot{}, err
	}
	c, err := r.live.watch(rec).look(ctx, o.subject())
	if err != nil {
		return Snapshot{}, err
	}
	return c.shown(o)
}

// Send types into a pane of the caller's session; what one call types is never
// interleaved with another's. It fails with ErrNotFound for an unknown session
// or pane, with ErrEnded for one that has ended, with ErrPaneDead, ErrInMode and
// ErrNotReading before anything is typed, with ErrUnknownOutcome when the
// connection broke in between.
func (r *Registry) Send(ctx context.Context, p Principal, id int64, in Input) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	return r.send(ctx, rec, in)
}

func (r *Registry) send(ctx context.Context, rec *record, in Input) error {
	return r.sendBy(ctx, rec, in, controlmode.Client.SendKeys)
}

// sendBy sends by the method of Client that is given.
func (r *Registry) sendBy(ctx context.Context, rec *record, in Input, method func(controlmode.Client, context.Context, controlmode.Target, *controlmode.Input) error) error {
	target, err := rec.target(in.Pane)
	if err != nil {
		return err
	}
	typed, err := in.typed()
	if err != nil {
		return err
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	err = r.typed.take(ctx, rec.row.ID, in.Pane, in.size(), r.paneTTY(rec, target))
	if errors.Is(err, ErrNotReading) {
		return err
	}
	if err == nil {
		err = method(rec.on(r.tmux), ctx, target, typed)
	}
	r.live.touched(rec.row.ID)
	if err != nil {
		return r.explain(ctx, rec, err, writing)
	}
	return nil
}

// Resize gives the current window of the caller's session a size in cells, 1 to
// 10,000 each. It fails as Send does.
func (r *Registry) Resize(ctx context.Context, p Principal, id int64, width, height int) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	var bad InvalidError
	for field, size := range map[string]int{"width": width, "height": height} {
		if size < 1 || size > MaxSize {
			bad.Fields = append(bad.Fields, FieldError{Field: field, Detail: fmt.Sprintf("must be from 1 to %d", MaxSize)})
		}
	}
	if len(bad.Fields) > 0 {
		return &bad
	}
	return r.resizeWindow(ctx, rec, width, height)
}
