package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// End ends a session and forgets it. Ending one that has ended just forgets
// it. With ErrUnavailable it may have ended and still be listed; end it again.
func (r *Registry) End(ctx context.Context, p session.Principal, id int64) error {
	rec, err := r.known.find(p, id)
	if err != nil {
		return err
	}
	switch rec.status() {
	case session.Starting:
		return session.ErrNotRunning
	case session.Running:
		if err := r.kill(ctx, rec.ref.Server, rec.ref.Tmux); err != nil {
			return tmux.Translate(err, tmux.Writing)
		}
		r.live.ReapEnded(ctx, id)
	}
	// tmux first, then the row: a crash in between leaves an exited row, not
	// a session that nobody owns. A caller that leaves does not prevent it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	if err := r.store.DeleteSession(ctx, id); err != nil && !errors.Is(err, db.ErrNotFound) {
		r.markEnded(rec, session.Exited)
		return storeError(err)
	}
	r.known.forget(id, false)
	r.forgetRunning(id)
	r.onEnd(id)
	return nil
}

// kill ends a tmux session; one that is gone already is no error.
func (r *Registry) kill(ctx context.Context, on controlmode.ServerID, id controlmode.SessionID) error {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	err := r.tmux.On(on).KillSession(ctx, id)
	if errors.Is(err, controlmode.ErrNotFound) || errors.Is(err, controlmode.ErrServerGone) {
		return nil
	}
	return err
}
