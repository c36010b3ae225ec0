package expect

import "time"

// The times of this package, the shortest first.
const (
	// minPace is the least time from one look to the next. While the pane goes on
	// printing, each pause is twice as long as the one before, up to the interval of
	// all who wait (live.Options.Interval, 16 ms). After burstGap without output the
	// pauses begin with minPace again.
	minPace  = time.Millisecond
	burstGap = 100 * time.Millisecond
	// echoDoubt is how long a match that may be an echo has to stay before it counts,
	// if nothing shows meanwhile that it is one.
	echoDoubt = 250 * time.Millisecond
	// exitRetry is how soon tmux is asked again for a program's exit code or signal,
	// and exitTime how long tmux gets to know it.
	exitRetry = 20 * time.Millisecond
	exitTime  = 500 * time.Millisecond
	// listenTime bounds the time until the pane's output can be read. After it the
	// wait compares screens instead.
	listenTime = time.Second
)
