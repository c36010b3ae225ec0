package session

import (
	"context"
	"errors"
	"time"

	"interplexer/controlmode"
)

// readyTime is how long tmux may take to answer and still be ready: by then its
// heartbeat knows, too.
const readyTime = 2 * time.Second

// NotReadyError says what does not answer.
type NotReadyError struct {
	Tmux  string // "connected", "degraded" or "down"
	Store bool   // it answers
	cause error
}

func (e *NotReadyError) Error() string { return "session: not ready: " + e.cause.Error() }

func (e *NotReadyError) Unwrap() error { return e.cause }

// Ready asks tmux and the store. It fails with a *NotReadyError; of a tmux that
// is known not to answer it asks nothing.
func (r *Registry) Ready(ctx context.Context) error {
	tmux, store := r.tmuxReady(ctx), storeError(r.store.Ping(ctx))
	if tmux == nil && store == nil {
		return nil
	}
	return &NotReadyError{Tmux: r.tmux.State().String(), Store: store == nil, cause: errors.Join(tmux, store)}
}

func (r *Registry) tmuxReady(ctx context.Context) error {
	if r.tmux.State() != controlmode.StateConnected {
		return tmuxError(controlmode.ErrDown, reading)
	}
	err := r.pingTmux(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// It may be this service that was stopped meanwhile, and not tmux that is late:
		// then its answer is there by now.
		err = r.pingTmux(ctx)
	}
	return tmuxError(err, reading)
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
