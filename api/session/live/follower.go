package live

import (
	"context"
	"errors"
	"time"

	"interplexer/api/session"
)

// follow looks at the panes of all viewers whenever they may have changed, and wakes the
// viewers when they have. So one goroutine looks, however many viewers wait. It runs until
// ctx is done.
func (w *watched) follow(ctx context.Context) {
	seen := map[viewKey]string{}
	early, rested := earlyRest, w.screens.now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wakeup:
		case <-timer.C:
		}
		began := w.screens.now()
		if began.Sub(rested) > 2*w.screens.opts.Interval {
			early = earlyRest
		}
		rest := w.screens.opts.Interval // so that one look sees a burst of changes
		news, changed := w.compare(ctx, seen)
		if news {
			w.broadcast()
		}
		if changed {
			early = earlyRest
		} else {
			rest, early = min(early, rest), min(2*early, rest)
		}
		if !sleep(ctx, rest-w.screens.now().Sub(began)) {
			return
		}
		rested = w.screens.now()
		timer.Reset(w.nextLook())
	}
}

// sleep waits for a time, and reports false when ctx is done first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// nextLook is the time until the follower looks again if nothing wakes it.
func (w *watched) nextLook() time.Duration {
	for _, key := range w.heldKeys() {
		s := w.screen(key.pane)
		switch {
		case s == nil:
			return fallbackInterval
		case s.paused.Load():
			return w.screens.opts.Interval
		}
	}
	return ScreenMaxAge
}

// compare looks at every screen that has a viewer, and compares it with seen, the screens
// of the last look. changed: a screen differs. news: a screen differs, or was looked at for
// the first time. The end of the session or of tmux is a difference, too; a tmux that is
// unavailable is not.
func (w *watched) compare(ctx context.Context, seen map[viewKey]string) (news, changed bool) {
	for _, key := range w.heldKeys() {
		now := ""
		c, err := w.look(ctx, key)
		switch {
		case session.IsTransient(err), errors.Is(err, context.Canceled):
			continue
		case err != nil:
			now = err.Error()
		default:
			now = c.ETag
		}
		// A viewer that is new since the last look has looked before this look did, so
		// it has to look again.
		was, known := seen[key]
		changed = changed || known && was != now
		news = news || !known || was != now
		seen[key] = now
	}
	return news, changed
}
