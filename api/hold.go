package api

import (
	"context"
	"errors"
	"runtime"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// hold is the context of a request that waits for something to happen: it ends
// with the client and with the server, not with the time that other requests
// get.
func (s *Server) hold(c *gin.Context) (context.Context, context.CancelFunc) {
	growStack()
	ctx, cancel := context.WithCancelCause(c.Request.Context())
	unhook := context.AfterFunc(s.running, func() { cancel(errStopping) })
	return ctx, func() {
		unhook()
		cancel(nil)
	}
}

// growStack makes room for what an answer needs: net/http's takes more than the 8 KB
// in which a request can wait. One change answers a thousand of them, and would
// first have a thousand stacks copied to memory that was never touched before.
//
//go:noinline
func growStack() {
	var room [8 << 10]byte
	runtime.KeepAlive(&room)
}

// goneError: the session ended, or was deleted, while it was looked at.
type goneError struct{ status string }

func (e *goneError) Error() string { return "api: session is gone: " + e.status }

func (e *goneError) Unwrap() error { return errGone }

// deleted is the status of a session that is no more.
const deleted = "deleted"

// heldError is what a held request answers when its viewer fails with err.
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

// viewError is what a request answers that could not begin to be held. One that
// the stop of the server cuts off says so.
func viewError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, session.ErrEnded):
		return heldError(ctx, err)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}
