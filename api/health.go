package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// readyTimeout bounds one look at tmux and the store.
const readyTimeout = 5 * time.Second

var (
	bodyHealthy = []byte(`{"status":"ok"}` + "\n")
	bodyReady   = []byte(`{"status":"ready"}` + "\n")
)

// health says that the process serves, whatever the state of what it needs.
func (s *Server) health(_ context.Context, c *gin.Context, _ session.Principal) error {
	return write(c, http.StatusOK, headerJSON, bodyHealthy)
}

// ready asks tmux and the store. Nobody has to log in for it, so those who ask
// at the same time share one look.
func (s *Server) ready(ctx context.Context, c *gin.Context, _ session.Principal) error {
	answer := s.readiness.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		return nil, s.options.Ready(ctx)
	})
	select {
	case <-ctx.Done():
		return fmt.Errorf("api: ready: %w", ctx.Err())
	case r := <-answer:
		if r.Err != nil {
			return fmt.Errorf("%w: %w", errNotReady, r.Err)
		}
	}
	return write(c, http.StatusOK, headerJSON, bodyReady)
}
