package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/api/session/registry"
)

// daemon holds the parts of a running service and owns their goroutines.
type daemon struct {
	registry        *registry.Registry
	rooms           []room // the registry is one
	http            *http.Server
	drainWebSockets func(context.Context) error // http.Server.Shutdown does not wait for these
	shutdownTimeout time.Duration               // for requests in flight
	logger          *slog.Logger
}

// room is a part of the domain that runs in the background until its context is
// done.
type room interface {
	Run(ctx context.Context) error
}

// run serves until ctx is done or a part fails. It returns when all of its
// goroutines have ended. It closes l.
func (d *daemon) run(ctx context.Context, l net.Listener) error {
	// After ctx is done, requests in flight still need the registry and the accounts.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	group, failed := errgroup.WithContext(background)
	for _, r := range d.rooms {
		group.Go(func() error { return ignoreCanceled(r.Run(failed)) })
	}
	group.Go(func() error {
		if err := d.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	select {
	case <-ctx.Done():
		d.logger.Info("stopping")
	case <-failed.Done():
	}
	d.drain(context.WithoutCancel(ctx))
	cancel()
	err := group.Wait()
	d.logger.Info("stopped; the tmux sessions live on")
	return err
}

// drain waits for the requests in flight, for shutdownTimeout at most, and then
// closes their connections.
func (d *daemon) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.shutdownTimeout)
	defer cancel()
	if err := errors.Join(d.http.Shutdown(ctx), d.drainWebSockets(ctx)); err != nil {
		d.logger.Warn("requests in flight are cut off", "after", d.shutdownTimeout, "error", err)
		_ = d.http.Close() // fails only for the listener, which Shutdown has closed
	}
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
