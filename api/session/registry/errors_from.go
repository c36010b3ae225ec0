package registry

import (
	"context"
	"errors"
	"fmt"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// storeError turns an error of db into one of the domain.
func storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, db.ErrUnavailable):
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	case errors.Is(err, db.ErrConflict):
		return fmt.Errorf("%w: %w", session.ErrNameTaken, err)
	case errors.Is(err, db.ErrQuota):
		return fmt.Errorf("%w: %w", session.ErrQuota, err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("registry: store: %w", err)
}

// explain turns an error of tmux about a running record into one of the domain.
// When the session is gone, it says so and brings the record up to date; when only
// the pane is, it is ErrNotFound.
func (r *Registry) explain(ctx context.Context, rec *record, err error, e tmux.Effect) error {
	switch {
	case errors.Is(err, controlmode.ErrServerGone):
		return r.endedError(rec, session.Lost, err)
	case errors.Is(err, controlmode.ErrNotFound):
		_, listErr := rec.ref.Client(r.tmux).ListPanes(ctx, rec.ref.Tmux)
		switch {
		case listErr == nil: // only the pane is unknown
		case errors.Is(listErr, controlmode.ErrNotFound):
			return r.endedError(rec, session.Exited, err)
		case errors.Is(listErr, controlmode.ErrServerGone):
			return r.endedError(rec, session.Lost, listErr)
		default: // nothing was changed; the session or the pane is gone
			return tmux.Translate(listErr, tmux.Reading)
		}
	}
	return tmux.Translate(err, e)
}

// endedError marks a record as ended. If it has ended already, that end counts.
func (r *Registry) endedError(rec *record, status session.Status, cause error) error {
	if now := r.markEnded(rec, status); now.status().Ended() {
		status = now.status()
	}
	return &session.EndedError{Status: status, Cause: cause}
}

// explainCapture is explain for the live screens.
func (r *Registry) explainCapture(ctx context.Context, ref tmux.Ref, err error) error {
	return r.explain(ctx, &record{row: db.Session{ID: ref.ID}, ref: ref}, err, tmux.Reading)
}

// isDomainError reports whether an error is one of the domain already, so that explain is
// not needed.
func isDomainError(err error) bool {
	bad := (*session.InvalidError)(nil)
	return errors.As(err, &bad) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrEnded)
}
