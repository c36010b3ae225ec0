package registry

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
)

// Run keeps the screens live and reconciles. It blocks until ctx is done and both have
// stopped, and returns ctx's error.
func (r *Registry) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.live.Run(ctx) })
	group.Go(func() error { return r.reconcileLoop(ctx) })
	return group.Wait()
}

// reconcileLoop reconciles when tmux's sessions change, when reconcileSoon asks for it,
// and every reconcileEvery.
func (r *Registry) reconcileLoop(ctx context.Context) error {
	sub := r.tmux.Subscribe(64)
	defer sub.Close()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-sub.C:
			if !mayChangeSessions(n) {
				continue
			}
			if err := coalesce(ctx, sub, next); err != nil {
				return err
			}
		case <-r.reconcileRequest:
			if err := coalesce(ctx, sub, next); err != nil {
				return err
			}
		case <-next.C:
		}
		next.Reset(r.reconcileAndLog(ctx))
	}
}

// mayChangeSessions reports whether tmux may have other sessions after n.
func mayChangeSessions(n controlmode.Notification) bool {
	switch n.(type) {
	case controlmode.SessionsChanged, controlmode.Connected, controlmode.Missed:
		return true
	}
	return false
}

// coalesce waits for reconcileGap, and drops the notifications that arrive meanwhile: the
// reconciliation after it sees their changes, too. It uses the timer, and fails with ctx's
// error.
func coalesce(ctx context.Context, sub *controlmode.Subscription, timer *time.Timer) error {
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

// reconcileAndLog reconciles, logs an error, and returns the time until the next
// reconciliation.
func (r *Registry) reconcileAndLog(ctx context.Context) time.Duration {
	if err := r.Reconcile(ctx); err != nil {
		if ctx.Err() == nil {
			r.log.Error("reconcile", "error", err)
		}
		return reconcileRetry
	}
	return reconcileEvery
}
