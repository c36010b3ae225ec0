package session

import (
	"context"
	"errors"

	"interplexer/controlmode"
	"interplexer/db"
)

// End ends a session and forgets it. Ending one that has ended just forgets
// it. With ErrUnavailable it may have ended and still be listed; end it again.
func (r *Registry) End(ctx context.Context, p Principal, id int64) error {
	rec, err := r.known.find(p, id)
	if err != nil {
		return err
	}
	switch rec.status() {
	case Starting:
		return ErrNotRunning
	case Running:
		if err := r.kill(ctx, rec.server, rec.tmux); err != nil {
			return tmuxError(err, writing)
		}
		if r.live.find(id) != nil { // a part of it may live on in the hub
			r.live.reapEnded(ctx)
		}
	}
	// tmux first, then the row: a crash in between leaves an exited row, not
	// a session that nobody owns. A caller that leaves does not prevent it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	if err := r.store.DeleteSession(ctx, id); err != nil && !errors.Is(err, db.ErrNotFound) {
		r.ended(rec, Exited)
		return storeError(err)
	}
	r.known.forget(id, false)
	r.over(id)
	r.runs.forget(id)
	return nil
}

// kill ends a tmux session; one that is gone already is no error.
func (r *Registry) kill(ctx context.Context, on controlmode.ServerID, id controlmode.SessionID) error {
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	err := r.tmux.On(on).KillSession(ctx, id)
	if errors.Is(err, controlmode.ErrNotFound) || errors.Is(err, controlmode.ErrServerGone) {
		return nil
	}
	return err
}
