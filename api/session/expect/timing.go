package expect

import "time"

// The times of this package, the shortest first.
const (
	// A look that finds nothing is followed by the next one after minPace at the
	// earliest. While the pane goes on printing each pause is twice as long, up to
	// the interval of all who wait (live.Options.Interval, 16 ms). A pane that
	// prints nothing for burstGap begins anew.
	minPace  = time.Millisecond
	burstGap = 100 * time.Millisecond
	// echoDoubt is how long a match that may be an echo has to stay, without a sign
	// that it is one, before it counts.
	echoDoubt = 250 * time.Millisecond
	// exitRetry is how soon tmux is asked again how a program has ended, and
	// exitTime how long it gets to find out.
	exitRetry = 20 * time.Millisecond
	exitTime  = 500 * time.Millisecond
	// listenTime is how long a wait gets to begin to read the pane's output; then it
	// does without.
	listenTime = time.Second
)
