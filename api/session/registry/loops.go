package registry

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
)

// Run keeps the screens live and reconciles, until ctx is done, and returns its
// error.
func (r *Registry) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.live.Run(ctx) })
	group.Go(func() error { return r.reconcileAlways(ctx) })
	return group.Wait()
}

// reconcileAlways reconciles whenever tmux's sessions change or something is
// overdue, and now and then without cause.
func (r *Registry) reconcileAlways(ctx context.Context) error {
	sub := r.tmux.Subscribe(64)
	defer sub.Close()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-sub.C:
			if !concernsSessions(n) {
				continue
			}
			if err := gather(ctx, sub, next); err != nil {
				return err
			}
		case <-r.overdue:
			if err := gather(ctx, sub, next); err != nil {
				return err
			}
		case <-next.C:
		}
		next.Reset(r.reconcileLogged(ctx))
	}
}

// concernsSessions: the set of sessions may be another after n.
func concernsSessions(n controlmode.Notification) bool {
	switch n.(type) {
	case controlmode.SessionsChanged, controlmode.Connected, controlmode.Missed:
		return true
	}
	return false
}

// gather lets the changes that come together be seen together.
func gather(ctx context.Context, sub *controlmode.Subscription, timer *time.Timer) error {
	timer.Reset(reconcileGap)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sub.C:
		case <-timer.C:
			return nil
		}
	}
}

// reconcileLogged returns when to reconcile again.
func (r *Registry) reconcileLogged(ctx context.Context) time.Duration {
	if err := r.Reconcile(ctx); err != nil {
		if ctx.Err() == nil {
			r.log.Error("reconcile", "error", err)
		}
		return reconcileRetry
	}
	return reconcileEvery
}
