package session

import (
	"context"
	"sync/atomic"
	"time"

	"interplexer/controlmode"
)

const (
	// lateOutput is how old the output that a run wants may be when tmux tells it,
	// before tmux is to keep for longer what it has to tell.
	lateOutput = 250 * time.Millisecond
	// longKeep is for how long it does then, in seconds. Ten megabytes printed at
	// once are told within two on a busy machine; meanwhile the hub is told and
	// answered so late, too, which has to fit into tmuxTimeout.
	longKeep = 4
	// runCalm is how long no run is told late before it is to keep it for less.
	runCalm = time.Second
)

// patience is whether tmux keeps what it has to tell the hub for long.
type patience struct {
	long atomic.Bool
	late atomic.Int64 // when a run was told late last, in Unix nanoseconds
}

// runLate notes that a run was told late. It waits for nobody.
func (l *live) runLate(now time.Time) {
	l.patience.late.Store(now.UnixNano())
	hub := l.hub.Load()
	if hub == nil || !l.patience.long.CompareAndSwap(false, true) {
		return
	}
	l.goServing(func(ctx context.Context) {
		ctx, cancel := tmuxContext(ctx)
		defer cancel()
		_ = hub.Keep(ctx, longKeep) // if that fails it may be kept for long all the same, until runsCalm
	})
}

// runsCalm ends the long keeping when no run is told late any more.
func (l *live) runsCalm(ctx context.Context, hub *controlmode.Hub) {
	if !l.patience.long.Load() || time.Since(time.Unix(0, l.patience.late.Load())) < runCalm {
		return
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	if err := hub.Keep(ctx, controlmode.PauseAfter); err == nil {
		l.patience.long.Store(false)
	}
}
