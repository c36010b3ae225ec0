package registry

import "time"

// The times of this package, the shortest first.
const (
	// listMaxAge is how long a list of all panes counts as current while tmux
	// reports no change (see controlmode.Server.Changes). To make one takes tmux
	// 5 ms for 500 sessions, in which it does nothing else.
	listMaxAge = 50 * time.Millisecond
	// reconcileGap is the least time between two comparisons of rows and tmux that
	// have a cause. Changes that come within it are seen together.
	reconcileGap = 100 * time.Millisecond
	// reconcileRetry is how soon a comparison that failed is made again.
	reconcileRetry = time.Second
	// readyTime is how long tmux may take to answer and still be ready. After it
	// the heartbeat has found out, too.
	readyTime = 2 * time.Second
	// changeTimeout bounds a change of a row and of tmux once it has begun, and the
	// clearing up after it. It is longer than tmux.Timeout (5 s).
	changeTimeout = 10 * time.Second
	// reconcileEvery is how often rows and tmux are compared without a cause.
	reconcileEvery = 30 * time.Second
	// reconcileTimeout bounds one comparison; the next one does the rest.
	reconcileTimeout = 30 * time.Second
)
