package session

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
)

const (
	// reconcileEvery is how often rows and tmux are compared without cause.
	reconcileEvery = 30 * time.Second
	// reconcileGap is the least time between two comparisons with cause.
	reconcileGap = 100 * time.Millisecond
	// reconcileRetry is how soon a comparison that failed is made again.
	reconcileRetry = time.Second
)

// Run keeps the screens live, reconciles and forgets old answers, until ctx is done, and returns its
// error.
func (r *Registry) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.live.run(ctx) })
	group.Go(func() error { return r.reconcileAlways(ctx) })
	group.Go(func() error { return r.forgetAnswers(ctx) })
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
			if err := settle(ctx, sub, next); err != nil {
				return err
			}
		case <-r.overdue:
			if err := settle(ctx, sub, next); err != nil {
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

// settle lets the changes that come together be seen together.
func settle(ctx context.Context, sub *controlmode.Subscription, timer *time.Timer) error {
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
