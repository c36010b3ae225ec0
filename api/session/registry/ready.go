package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// Ready asks tmux and the store. It fails with a *session.NotReadyError; of a tmux that
// is known not to answer it asks nothing.
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
		// It may be this service that was stopped meanwhile, and not tmux that is late:
		// then its answer is there by now.
		err = r.pingTmux(ctx)
	}
	return tmux.Translate(err, tmux.Reading)
}

// pingTmux asks for half of the time that tmux has.
func (r *Registry) pingTmux(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime/2)
	defer cancel()
	on, err := r.tmux.Current(ctx)
	if err == nil {
		err = r.tmux.On(on).Ping(ctx)
	}
	return err
}
