package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// End ends the caller's session and deletes its row. If the session has ended already, it
// only deletes the row. It fails with ErrNotFound and ErrNotRunning. With ErrUnavailable
// the session may have ended and still be listed; call End again.
func (r *Registry) End(ctx context.Context, p session.Principal, id int64) error {
	rec, err := r.records.find(p, id)
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
	// tmux first, then the row: a crash in between leaves an exited row, and not a
	// session that nobody owns. A caller who leaves does not stop this.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	if err := r.store.DeleteSession(ctx, id); err != nil && !errors.Is(err, db.ErrNotFound) {
		r.markEnded(rec, session.Exited)
		return storeError(err)
	}
	r.records.forget(id, false)
	r.forgetRunning(id)
	r.onEnd(id)
	return nil
}

// kill ends a tmux session. If the session is gone already, that is no error.
func (r *Registry) kill(ctx context.Context, on controlmode.ServerID, id controlmode.SessionID) error {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	err := r.tmux.On(on).KillSession(ctx, id)
	if errors.Is(err, controlmode.ErrNotFound) || errors.Is(err, controlmode.ErrServerGone) {
		return nil
	}
	return err
}
