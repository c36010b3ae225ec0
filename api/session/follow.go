package session

import (
	"context"
	"errors"
	"time"
)

// fallbackInterval is how often a session is looked at that somebody waits for
// while the hub tells nothing of it.
const fallbackInterval = 50 * time.Millisecond

// goFollow starts the follower of a session and returns what ends it. At the end
// of everything there are no more.
func (l *live) goFollow(w *watched) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.followers.Go(func() { w.follow(ctx) })
	}
	return cancel
}

// goServing has f run until it returns; its context is done at the end of
// everything, after which it is not begun any more.
func (l *live) goServing(f func(context.Context)) (begun bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.followers.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-l.quit:
				cancel()
			case <-ctx.Done():
			}
		}()
		f(ctx)
	})
	return true
}

// earlyRest is the rest after a look that showed nothing new: it may have come
// before what it was stirred for, such as the echo of what was typed. The rest after
// each further one in vain is longer, up to the interval, as long as they come one
// right after the other.
const earlyRest = 2 * time.Millisecond

// follow looks at the panes that somebody waits for whenever they may have
// changed, and tells the waiting when they have: however many wait, one looks.
// It runs until ctx is done.
func (w *watched) follow(ctx context.Context) {
	seen := map[subject]string{}
	early, rested := earlyRest, time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.stirred:
		case <-timer.C:
		}
		began := time.Now()
		if began.Sub(rested) > 2*w.live.opts.Interval {
			early = earlyRest
		}
		rest := w.live.opts.Interval // lets changes that come together be seen together
		news, changed := w.differs(ctx, seen)
		if news {
			w.announce()
		}
		if changed {
			early = earlyRest
		} else {
			rest, early = min(early, rest), min(2*early, rest)
		}
		pace := time.NewTimer(rest - time.Since(began))
		select {
		case <-ctx.Done():
			pace.Stop()
			return
		case <-pace.C:
		}
		rested = time.Now()
		timer.Reset(w.patience())
	}
}

// patience is how long nothing needs to be told before the next look.
func (w *watched) patience() time.Duration {
	for _, at := range w.held() {
		s := w.screen(at.pane)
		switch {
		case s == nil:
			return fallbackInterval
		case s.deaf.Load():
			return w.live.opts.Interval
		}
	}
	return trustedFor
}

// differs looks at everything that somebody waits for and reports whether one
// shows something else than it did; seen is what it did. That tmux or the
// session is gone is something else, too; that it cannot be reached is not.
// What is looked at for the first time is news, but has not changed.
func (w *watched) differs(ctx context.Context, seen map[subject]string) (news, changed bool) {
	for _, at := range w.held() {
		now := ""
		c, err := w.look(ctx, at)
		switch {
		case errors.Is(err, ErrUnavailable), errors.Is(err, ErrOverloaded), errors.Is(err, context.Canceled):
			continue
		case err != nil:
			now = err.Error()
		default:
			now = c.ETag
		}
		// Whoever came since has looked before this did: let them again.
		was, known := seen[at]
		changed = changed || known && was != now
		news = news || !known || was != now
		seen[at] = now
	}
	return news, changed
}
