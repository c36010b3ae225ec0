package live

import "time"

// The times of this package, the shortest first. Each one is shorter than those
// below it that it is compared with.
const (
	// earlyRest is the follower's pause after a look that showed nothing new: the look
	// may have been earlier than the change that caused it, such as the echo of a key.
	// While looks without news follow each other, each pause is twice as long as the
	// one before, up to Options.Interval.
	earlyRest = 2 * time.Millisecond
	// livePaneInterval is the time between two looks whether a pane is still paused.
	livePaneInterval = 5 * time.Millisecond
	// pausedMaxAge is how long a capture counts as current while its pane is paused, so
	// that its changes are not reported.
	pausedMaxAge = 15 * time.Millisecond
	// defaultInterval is Options.Interval unless it is given.
	defaultInterval = 16 * time.Millisecond
	// fallbackInterval is the time between two looks of a follower at a session that is
	// not linked into the hub.
	fallbackInterval = 50 * time.Millisecond
	// hubRetry is the pause before a hub that failed is opened again. It doubles with
	// each failure, up to maxHubRetry.
	hubRetry    = 50 * time.Millisecond
	maxHubRetry = 2 * time.Second
	// A pane that prints more than floodBytes within floodTime is paused for
	// floodPause: reading all of its output would cost more than capturing it.
	floodTime  = 100 * time.Millisecond
	floodPause = 200 * time.Millisecond
	floodBytes = 512 << 10
	// A pane is also paused when tmux delivers lateBytes in a row, each of them lateAge
	// old or older. tmux keeps output for so long only while pauseAfterLong is set.
	lateAge   = time.Second
	lateBytes = 64 << 10
	// When output for a Tap that wants every byte is lateOutput old, tmux is told to
	// keep output for pauseAfterLong seconds instead of controlmode.DefaultPauseAfter.
	// Ten megabytes printed at once are delivered within two seconds on a busy machine.
	// The hub's own responses are as late meanwhile, which has to fit into tmux.Timeout
	// (5 s).
	lateOutput     = 250 * time.Millisecond
	pauseAfterLong = 4 // seconds
	// When no such output has been late for onTimeFor, tmux is told to keep output for
	// controlmode.DefaultPauseAfter again.
	onTimeFor = time.Second
	// defaultIdle is Options.Idle unless it is given.
	defaultIdle = 30 * time.Second
)

// ScreenMaxAge is how long a screen counts as unchanged while tmux reports no change. tmux
// does not report all changes: another client's send-keys -R, for example, is missing.
const ScreenMaxAge = time.Second
