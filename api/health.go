package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// readyTimeout bounds one check of tmux and the store.
const readyTimeout = 5 * time.Second

var (
	bodyHealthy = []byte(`{"status":"ok"}` + "\n")
	bodyReady   = []byte(`{"status":"ready"}` + "\n")
)

// health answers that the process runs, whether or not tmux and the store do.
func (s *Server) health(_ context.Context, c *gin.Context, _ session.Principal) error {
	return write(c, http.StatusOK, headerJSON, bodyHealthy)
}

// ready checks tmux and the store. Anybody may call it, so concurrent requests
// share one check. The check outlives a request that gives up, for readyTimeout
// at most; Drain waits for it.
func (s *Server) ready(ctx context.Context, c *gin.Context, _ session.Principal) error {
	check := s.readiness.DoChan("", func() (any, error) {
		s.background.add()
		defer s.background.done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		return nil, s.options.Ready(ctx)
	})
	select {
	case <-ctx.Done():
		return fmt.Errorf("api: ready: %w", ctx.Err())
	case r := <-check:
		if r.Err != nil {
			return fmt.Errorf("%w: %w", errNotReady, r.Err)
		}
	}
	return write(c, http.StatusOK, headerJSON, bodyReady)
}
