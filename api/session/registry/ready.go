package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// Ready checks that tmux and the store answer. It fails with a *session.NotReadyError. It
// does not ask a tmux that is known not to answer. It blocks for readyTime at most on tmux.
func (r *Registry) Ready(ctx context.Context) error {
	tmux, store := r.tmuxReady(ctx), storeError(r.store.Ping(ctx))
	if tmux == nil && store == nil {
		return nil
	}
	return &session.NotReadyError{Tmux: r.tmux.State().String(), Store: store == nil, Cause: errors.Join(tmux, store)}
}

func (r *Registry) tmuxReady(ctx context.Context) error {
	if r.tmux.State() != controlmode.StateConnected {
		return tmux.Translate(controlmode.ErrDown, tmux.Reading)
	}
	err := r.pingTmux(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// This process may have been stopped meanwhile. Then tmux was not late, and the
		// second ping succeeds at once.
		err = r.pingTmux(ctx)
	}
	return tmux.Translate(err, tmux.Reading)
}

// pingTmux waits for half of readyTime, so that two pings fit.
func (r *Registry) pingTmux(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime/2)
	defer cancel()
	on, err := r.tmux.Current(ctx)
	if err == nil {
		err = r.tmux.On(on).Ping(ctx)
	}
	return err
}
