package api

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

// hold returns the context of a request that waits for something to happen. It
// ends when the client leaves or the server stops, and has no time limit. The
// caller must call the function that it returns.
func (s *Server) hold(c *gin.Context) (context.Context, context.CancelFunc) {
	growStack()
	ctx, cancel := context.WithCancelCause(c.Request.Context())
	unhook := context.AfterFunc(s.running, func() { cancel(errStopping) })
	return ctx, func() {
		unhook()
		cancel(nil)
	}
}

// goneError: the session ended, or was deleted, while a request watched it.
type goneError struct{ status string }

func (e *goneError) Error() string { return "api: session is gone: " + e.status }

func (e *goneError) Unwrap() error { return errGone }

// The statuses of goneError that are not those of a session.
const (
	deleted    = "deleted"     // the session does not exist any more
	paneClosed = "pane-closed" // the pane does not exist any more; the session goes on
)

// heldError returns the error to answer with when a held request's viewer fails
// with err.
func heldError(ctx context.Context, err error) error {
	var ended *session.EndedError
	switch {
	case errors.As(err, &ended):
		return &goneError{status: string(ended.Status)}
	case errors.Is(err, session.ErrNotFound):
		return &goneError{status: deleted}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// viewError returns the error to answer with when a request could not get a
// viewer. If the server stops meanwhile, that is errStopping.
func viewError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, session.ErrEnded):
		return heldError(ctx, err)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// paneError returns the error for a viewer of one pane that failed with err. If
// the pane is gone but the session is not, it says so.
func paneError(ctx context.Context, v *live.Viewer, err error) error {
	if errors.Is(err, session.ErrNotFound) {
		if _, panesErr := v.Panes(ctx); panesErr == nil {
			return &goneError{status: paneClosed}
		}
	}
	return err
}

// unlessTransient returns nil for errors that go away by themselves: a stream
// waits meanwhile.
func unlessTransient(err error) error {
	if session.IsTransient(err) {
		return nil
	}
	return err
}
