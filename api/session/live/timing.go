package live

import "time"

// The times of this package, the shortest first. Each one is shorter than those
// below it that it is compared with.
const (
	// earlyRest is the follower's rest after a look that showed nothing new: the
	// look may have come before the change that woke it, such as the echo of a key.
	// Each further rest in vain is longer, up to Options.Interval, as long as the
	// looks come one right after the other.
	earlyRest = 2 * time.Millisecond
	// livePaneInterval is how often it is looked whether a pane is paused no more.
	livePaneInterval = 5 * time.Millisecond
	// pausedMaxAge is how long a capture counts as current while its pane is paused
	// and nobody counts its changes.
	pausedMaxAge = 15 * time.Millisecond
	// defaultInterval is Options.Interval unless it is given.
	defaultInterval = 16 * time.Millisecond
	// fallbackInterval is how often a follower looks at a session of which the hub
	// reports nothing.
	fallbackInterval = 50 * time.Millisecond
	// hubRetry is how soon a hub that failed is opened again. It doubles with each
	// failure, up to maxHubRetry.
	hubRetry    = 50 * time.Millisecond
	maxHubRetry = 2 * time.Second
	// A pane that prints more than floodBytes within floodTime is paused for
	// floodPause: reading all of its output would cost more than capturing it.
	floodTime  = 100 * time.Millisecond
	floodPause = 200 * time.Millisecond
	floodBytes = 512 << 10
	// A pane is paused, too, when tmux delivers lateBytes in a row, each of them
	// lateAge old or older. Tmux keeps output for so long only while pauseAfterLong
	// is in force.
	lateAge   = time.Second
	lateBytes = 64 << 10
	// lateOutput is the age of output which a Tap wants all of that makes tmux keep
	// output for pauseAfterLong seconds instead of controlmode.DefaultPauseAfter. Ten
	// megabytes printed at once are delivered within two seconds on a busy machine.
	// The hub's own answers are as late meanwhile, which has to fit into
	// tmux.Timeout (5 s).
	lateOutput     = 250 * time.Millisecond
	pauseAfterLong = 4 // seconds
	// onTimeFor is how long no such output is late before tmux is to keep output
	// for controlmode.DefaultPauseAfter again.
	onTimeFor = time.Second
	// defaultIdle is Options.Idle unless it is given.
	defaultIdle = 30 * time.Second
)

// ScreenMaxAge is how long a screen counts as unchanged while tmux reports no
// change: it reports none of some changes, such as another client's send-keys -R.
const ScreenMaxAge = time.Second
