package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"interplexer/controlmode"
	"interplexer/db"
)

// tmuxTimeout bounds one call to tmux: a tmux that is stopped or wedged gives
// an error, never a hang.
const tmuxTimeout = 5 * time.Second

func tmuxContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, tmuxTimeout)
}

// effect says whether a command that was cut off can have changed something.
type effect bool

const (
	reading effect = false
	writing effect = true
)

// tmuxError turns an error of controlmode into one of this package.
func tmuxError(err error, e effect) error {
	var kind error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, controlmode.ErrNotFound):
		kind = ErrNotFound
	case errors.Is(err, controlmode.ErrHistoryMoved):
		kind = ErrHistoryMoved
	case errors.Is(err, controlmode.ErrPaneDead):
		kind = ErrPaneDead
	case errors.Is(err, controlmode.ErrInMode):
		kind = ErrInMode
	case errors.Is(err, controlmode.ErrPaneAlive):
		kind = ErrPaneAlive
	case errors.Is(err, controlmode.ErrNoSpace):
		kind = ErrNoSpace
	case errors.Is(err, controlmode.ErrServerGone):
		return &EndedError{Status: Lost, cause: err}
	case errors.Is(err, controlmode.ErrNoResources):
		kind = ErrNoResources
	case errors.Is(err, controlmode.ErrOverloaded):
		kind = ErrOverloaded
	case errors.Is(err, controlmode.ErrUnknownOutcome), errors.Is(err, context.DeadlineExceeded):
		kind = ErrUnavailable
		if e == writing {
			kind = ErrUnknownOutcome
		}
	case errors.Is(err, controlmode.ErrDown), errors.Is(err, controlmode.ErrNotSent), errors.Is(err, controlmode.ErrClosed):
		kind = ErrUnavailable
	default:
		return fmt.Errorf("session: tmux: %w", err)
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// storeError turns an error of db into one of this package.
func storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, db.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, db.ErrConflict):
		return fmt.Errorf("%w: %w", ErrNameTaken, err)
	case errors.Is(err, db.ErrQuota):
		return fmt.Errorf("%w: %w", ErrQuota, err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("session: store: %w", err)
}

// explain turns what tmux said about a running record into an error of this
// package: when the session is gone, it says so and brings the record up to
// date; when only the pane is, it is ErrNotFound.
func (r *Registry) explain(ctx context.Context, rec *record, err error, e effect) error {
	switch {
	case errors.Is(err, controlmode.ErrServerGone):
		return r.endedError(rec, Lost, err)
	case errors.Is(err, controlmode.ErrNotFound):
		_, listErr := rec.on(r.tmux).ListPanes(ctx, rec.tmux)
		switch {
		case listErr == nil: // only the pane is unknown
		case errors.Is(listErr, controlmode.ErrNotFound):
			return r.endedError(rec, Exited, err)
		case errors.Is(listErr, controlmode.ErrServerGone):
			return r.endedError(rec, Lost, listErr)
		default: // nothing was done, and who is gone cannot be said
			return tmuxError(listErr, reading)
		}
	}
	return tmuxError(err, e)
}

// endedError notes how a record ended; what is known of that already counts.
func (r *Registry) endedError(rec *record, status Status, cause error) error {
	if now := r.ended(rec, status); now.status().Ended() {
		status = now.status()
	}
	return &EndedError{Status: status, cause: cause}
}

// captureError explains what tmux said to a capture of a running record.
func (r *Registry) captureError(ctx context.Context, rec *record, err error) error {
	return r.explain(ctx, rec, err, reading)
}
