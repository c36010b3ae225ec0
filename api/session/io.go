package session

import (
	"context"
)

// Capture returns the screen of a pane of the caller's session: exactly the
// pane's lines as tmux holds them, each ended by \n. It fails with ErrNotFound
// for an unknown session or pane and with ErrEnded for one that has ended.
func (r *Registry) Capture(ctx context.Context, p Principal, id int64, o CaptureOptions) ([]byte, error) {
	rec, err := r.running(p, id)
	if err != nil {
		return nil, err
	}
	target, err := rec.target(o.Pane)
	if err != nil {
		return nil, err
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	screen, err := r.tmux.On(rec.server).CapturePane(ctx, target)
	if err != nil {
		return nil, r.explain(ctx, rec, err, reading)
	}
	if o.Trim {
		screen = trimBlankLines(screen)
	}
	return screen, nil
}

// trimBlankLines drops the empty lines at the end.
func trimBlankLines(screen []byte) []byte {
	end := len(screen)
	for end > 0 && screen[end-1] == '\n' && (end == 1 || screen[end-2] == '\n') {
		end--
	}
	return screen[:end]
}

// Send types into a pane of the caller's session; what one call types is never
// interleaved with another's. It fails with ErrNotFound for an unknown session
// or pane, with ErrEnded for one that has ended, with ErrUnknownOutcome when
// the connection broke in between.
func (r *Registry) Send(ctx context.Context, p Principal, id int64, in Input) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
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
	if err := r.tmux.On(rec.server).SendKeys(ctx, target, typed); err != nil {
		return r.explain(ctx, rec, err, writing)
	}
	return nil
}
