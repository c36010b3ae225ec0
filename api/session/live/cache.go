package live

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/flight"
	"interplexer/api/session/tmux"
)

// cache holds the newest capture of one variant of a screen. If the screen is not live, it
// only shares a capture between callers who ask at the same time.
type cache struct {
	of      *screen
	variant variant
	newest  atomic.Pointer[capture] // nil: none yet, or dropped
	call    flight.Call[*capture]
}

// fresh returns the newest capture if the screen has not changed since; else nil.
func (k *cache) fresh(now time.Time) *capture {
	c := k.newest.Load()
	if c == nil || !k.of.live {
		return nil
	}
	age := now.Sub(c.asked)
	if k.of.paused.Load() {
		if age < pausedMaxAge {
			return c
		}
		return nil
	}
	if c.version != k.of.version.Load() || age >= ScreenMaxAge {
		return nil
	}
	return c
}

// current returns a capture of the pane that is not older than the call, or of a screen
// that has not changed since. Callers who ask at the same time share one command. It blocks
// until tmux answers, for tmux.Timeout at most, or until ctx is done.
func (k *cache) current(ctx context.Context) (*capture, error) {
	if c := k.fresh(k.of.screens.now()); c != nil {
		k.of.screens.count.hits.Add(1)
		return c, nil
	}
	return k.call.DoHere(ctx, k.of.currentVersion, k.capture)
}

// capture asks tmux. version is the screen's version before the command is written, so that
// later output makes the capture stale.
func (k *cache) capture(ctx context.Context, version uint64) (*capture, error) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	asked := k.of.screens.now()
	k.of.screens.count.captures.Add(1)
	got, err := k.of.ask(ctx, k.variant)
	if err != nil {
		return nil, err
	}
	return k.store(version, asked, got), nil
}

// store makes a capture the newest one. If the text and the state are unchanged, it keeps
// the memory, the ETag and the renderings of the old one.
func (k *cache) store(version uint64, asked time.Time, got rawCapture) *capture {
	c := &capture{version: version, asked: asked}
	old := k.newest.Load()
	switch {
	case old != nil && string(old.Text) == string(got.text) && old.sameState(got):
		c.Snapshot, c.captureState = old.Snapshot, old.captureState
		c.trimmed.Store(old.trimmed.Load())
	case got.hasState:
		c.Snapshot, c.captureState = session.NewSnapshot(got.text), &captureState{state: got.state}
		c.ETag += fmt.Sprint(got.state) // so a cursor that moves changes the ETag
	default:
		c.Snapshot = session.NewSnapshot(got.text)
	}
	if k.of.live {
		k.newest.Store(c)
	}
	return c
}
