package session

import (
	"context"
	"errors"
	"regexp"
	"time"

	"interplexer/controlmode"
)

const (
	// A look that finds nothing is followed by the next after minPace at the
	// earliest, and while the pane goes on printing after twice as long each time,
	// up to the interval of all who wait. calm is how long it prints nothing then.
	minPace = time.Millisecond
	calm    = 100 * time.Millisecond
	// listenTime is how long a Wait gets to begin to be told of the output; then
	// it does without.
	listenTime = time.Second
)

// waiting is one Wait on its way.
type waiting struct {
	options WaitOptions
	viewer  *Viewer
	pane    string
	pattern *regexp.Regexp // nil: no text is waited for
	until   time.Time

	reader   *reader
	terminal string // the path of the pane's; empty: not known
	hands    hands  // that what was typed has gone through, or may have
	turned   bool   // the terminal passed from one hand to another about then: it may have shown it itself
	taken    bool   // or it may not have shown it after all: a line editor took it over just then
	atMargin bool   // the typing began at the left margin, as in no line editor with a prompt
	tail     []byte // the last bytes heard, tailBytes at most

	cursor  Cursor // what was heard so far; without a Pane, nothing is told
	quiet   time.Time
	etag    string    // of the screen, while nothing is told
	screen  []byte    // as it was last seen
	looked  time.Time // last, for the text
	checked time.Time // last, for the end
	died    time.Time // when the program was first seen to have ended; zero: not yet
	pace    time.Duration
	doubt   time.Time // since when there is a match that might be echo; zero: there is none
}

// begin types what is to be typed, and begins to listen before.
func (w *waiting) begin(ctx context.Context) error {
	listening, cancel := context.WithTimeout(ctx, listenTime)
	defer cancel()
	var err error
	if w.cursor, err = w.viewer.Listen(listening); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.cursor = Cursor{}
	}
	rec, err := w.viewer.registry.running(w.viewer.principal, w.viewer.id)
	if err != nil {
		return err
	}
	target, err := rec.target(w.pane)
	if err != nil {
		return err
	}
	w.reader = &reader{capture: func(ctx context.Context, first int) (controlmode.Joined, error) {
		ctx, cancel := tmuxContext(ctx)
		defer cancel()
		c, err := rec.on(w.viewer.registry.tmux).CaptureJoined(ctx, target, first)
		if err != nil {
			return c, w.viewer.registry.captureError(ctx, rec, err)
		}
		return c, nil
	}}
	if w.options.Send != nil {
		err = w.send(ctx, rec, target)
	}
	w.quiet = time.Now()
	return err
}

// send types, and notes where.
func (w *waiting) send(ctx context.Context, rec *record, target controlmode.Target) error {
	registry, in := w.viewer.registry, *w.options.Send
	in.Pane = w.pane
	w.terminal = registry.terminalOf(ctx, rec, target)
	var echoes echoing
	var place controlmode.Place
	err := registry.sendBy(ctx, rec, in, func(c controlmode.Client, ctx context.Context, t controlmode.Target, typed *controlmode.Input) (err error) {
		if w.cursor.Pane != "" {
			_, _ = w.hear(ctx) // an error will come again
		}
		w.hands.editing = false // what was before the typing says nothing
		w.reader.cleared, w.reader.printed = false, 0
		echoes = echoingOf(w.terminal)
		place, err = c.SendKeysFrom(ctx, t, typed)
		return err
	})
	if err != nil {
		return err
	}
	display := in.display()
	if echoes.none() {
		display = nil
	}
	w.reader.seen = place
	w.reader.row, w.reader.column = place.History+place.CursorY, place.CursorX
	w.reader.echo = newEcho(display)
	w.atMargin = place.CursorX == 0
	if w.cursor.Pane != "" {
		_, _ = w.hear(ctx)
	}
	after := echoingOf(w.terminal)
	w.hands.twice = echoes.itself() && !after.edited()
	w.turned = echoes.itself() && after.edited() || echoes.known && !echoes.lines && (w.hands.editing || after.itself())
	w.hands.editing = w.hands.editing || echoes.edited()
	return nil
}

// run looks until a condition holds.
func (w *waiting) run(ctx context.Context) (Waited, error) {
	over := !time.Now().Before(w.until)
	for news := true; ; {
		changes := w.viewer.Changes()
		if news {
			w.see(ctx)
		}
		more, err := w.hear(ctx)
		var done *Waited
		if err == nil {
			done, err = w.look(ctx, news)
		}
		switch {
		case err != nil && unlessAway(err) != nil:
			return w.ended(ctx, err)
		case done != nil:
			return w.shown(ctx, *done), nil
		case over:
			return Waited{}, &WaitTimeoutError{Pane: w.pane, Screen: w.shown(ctx, Waited{}).Screen}
		}
		due := w.due()
		news = false
		select {
		case <-more:
		case <-changes:
			news = true
		case <-due.C:
		case <-ctx.Done():
			return Waited{}, ctx.Err()
		}
		due.Stop()
		if over = !time.Now().Before(w.until); !over {
			w.rest(ctx)
		}
	}
}

// unlessAway lets a Wait go on while tmux cannot be reached.
func unlessAway(err error) error {
	if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOverloaded) {
		return nil
	}
	return err
}

// due is when there is something to look at without news, or the time is up.
func (w *waiting) due() *time.Timer {
	left := time.Until(w.until)
	if w.options.Quiet > 0 {
		left = min(left, time.Until(w.quiet.Add(w.options.Quiet)))
	}
	if w.options.Exit { // nothing tells of the end of a program whose pane stays
		left = min(left, time.Until(w.checked.Add(trustedFor)))
	}
	if !w.doubt.IsZero() {
		left = min(left, time.Until(w.doubt.Add(doubtTime)))
	}
	return time.NewTimer(left)
}

// rest lets output that comes together be seen together.
func (w *waiting) rest(ctx context.Context) {
	since := time.Since(w.looked)
	if w.pace = max(2*w.pace, minPace); since > calm {
		w.pace = minPace
	}
	w.pace = min(w.pace, w.viewer.registry.live.opts.Interval)
	left := min(w.pace-since, time.Until(w.until))
	if left <= 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ended is the answer when the pane cannot be looked at any more.
func (w *waiting) ended(ctx context.Context, err error) (Waited, error) {
	how := ""
	var ended *EndedError
	switch {
	case ctx.Err() != nil:
		return Waited{}, ctx.Err()
	case errors.As(err, &ended):
		how = string(ended.Status)
	case errors.Is(err, ErrNotFound):
		how = ExitDeleted
		if _, running := w.viewer.registry.running(w.viewer.principal, w.viewer.id); running == nil {
			how = ExitPaneClosed
		}
	default:
		return Waited{}, err
	}
	if !w.options.Exit {
		return Waited{}, &WaitEndedError{How: how}
	}
	return w.shown(ctx, Waited{Condition: ConditionExit, Exit: how}), nil
}

// shown adds the screen.
func (w *waiting) shown(ctx context.Context, done Waited) Waited {
	w.see(ctx)
	done.Pane, done.Screen = w.pane, string(w.screen)
	return done
}

// see notes what the pane shows, if it can be seen.
func (w *waiting) see(ctx context.Context) {
	if screen, err := w.viewer.Screen(ctx, CaptureOptions{Trim: true}); err == nil {
		w.screen = screen.Text
	}
}
