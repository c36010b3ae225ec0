package tmux

import (
	"context"
	"errors"
	"fmt"
	"time"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// Timeout bounds one call to tmux. A tmux that does not answer causes an error, never a
// hang.
const Timeout = 5 * time.Second

// Context returns ctx bounded by Timeout. Call the function when the call to tmux is over.
func Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Timeout)
}

// Effect says whether a command whose response did not arrive may have changed something.
type Effect bool

// The effects.
const (
	Reading Effect = false
	Writing Effect = true
)

// domain lists the errors of controlmode that have a counterpart in the domain.
var domain = []struct{ from, to error }{
	{controlmode.ErrNotFound, session.ErrNotFound},
	{controlmode.ErrHistoryMoved, session.ErrHistoryMoved},
	{controlmode.ErrPaneDead, session.ErrPaneDead},
	{controlmode.ErrInMode, session.ErrInMode},
	{controlmode.ErrPaneAlive, session.ErrPaneAlive},
	{controlmode.ErrNoSpace, session.ErrNoSpace},
	{controlmode.ErrServerGone, nil}, // becomes an EndedError
	{controlmode.ErrNoResources, session.ErrNoResources},
	{controlmode.ErrOverloaded, session.ErrOverloaded},
	{controlmode.ErrUnknownOutcome, session.ErrUnknownOutcome},
	{context.DeadlineExceeded, session.ErrUnknownOutcome},
	{controlmode.ErrDown, session.ErrUnavailable},
	{controlmode.ErrNotSent, session.ErrUnavailable},
	{controlmode.ErrClosed, session.ErrUnavailable},
}

// Translate turns an error of a call to tmux into one of the domain, which wraps
// it. A cancelled context's error stays the same.
func Translate(err error, e Effect) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	for _, d := range domain {
		if !errors.Is(err, d.from) {
			continue
		}
		switch {
		case d.to == nil:
			return &session.EndedError{Status: session.Lost, Cause: err}
		case d.to == session.ErrUnknownOutcome && e == Reading:
			return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
		}
		return fmt.Errorf("%w: %w", d.to, err)
	}
	return fmt.Errorf("tmux: %w", err)
}
