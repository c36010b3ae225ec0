package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/api/session"
)

// service is what runs while serve serves.
type service struct {
	registry *session.Registry
	accounts *session.Accounts
	http     *http.Server
	attached func(context.Context) error // waits for the WebSockets to end
	grace    time.Duration               // for requests in flight at the end
	logger   *slog.Logger
}

// run serves until ctx is done or a part fails, and returns when all of its
// goroutines have ended.
func (v *service) run(ctx context.Context, l net.Listener) error {
	// Requests in flight after ctx still need the rest.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	group, failed := errgroup.WithContext(background)
	group.Go(func() error { return unlessCanceled(v.registry.Run(failed)) })
	group.Go(func() error { return unlessCanceled(v.accounts.Run(failed)) })
	group.Go(func() error {
		if err := v.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	select {
	case <-ctx.Done():
		v.logger.Info("stopping")
	case <-failed.Done():
	}
	v.drain(context.WithoutCancel(ctx))
	cancel()
	err := group.Wait()
	v.logger.Info("stopped; the tmux sessions live on")
	return err
}

// drain lets the requests in flight finish, within bounds.
func (v *service) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, v.grace)
	defer cancel()
	if err := errors.Join(v.http.Shutdown(ctx), v.attached(ctx)); err != nil {
		v.logger.Warn("requests in flight are cut off", "after", v.grace, "error", err)
		_ = v.http.Close() // Shutdown has closed the listener already
	}
}

func unlessCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
