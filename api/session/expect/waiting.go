package expect

import (
	"context"
	"errors"
	"regexp"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/tty"
)

// waiting is one wait. It belongs to one goroutine.
type waiting struct {
	*Waiter
	principal session.Principal
	id        int64
	options   session.WaitOptions
	viewer    *live.Viewer
	pane      string
	pattern   *regexp.Regexp // nil: no text is waited for
	until     time.Time

	scrollback *scrollback
	terminal   string   // the path of the pane's; empty: not known
	echoMode   echoMode // who has shown the typing, or may have
	// modeChanged: the terminal's mode changed about when the typing began, so that
	// the terminal itself may have shown it. takenOver: a line editor took the
	// typing over then, so that the terminal may not have shown it after all.
	modeChanged bool
	takenOver   bool
	atMargin    bool   // the typing began at the left margin, as in no line editor with a prompt
	tail        []byte // the last bytes of the output, tailBytes at most

	cursor  session.Cursor // the end of the output that was read; without a Pane, none is read
	quiet   time.Time      // when the program wrote last
	etag    string         // of the screen, while no output is read
	screen  []byte         // as it was last seen
	looked  time.Time      // last, for the text
	checked time.Time      // last, for the end
	died    time.Time      // when the program was first seen to have ended; zero: not yet
	pace    time.Duration
	doubt   time.Time // since when there is a match that may be an echo; zero: there is none
}

func (w *waiting) since(t time.Time) time.Duration { return w.now().Sub(t) }

func (w *waiting) left(t time.Time) time.Duration { return t.Sub(w.now()) }

// begin begins to read the pane's output, and then types.
func (w *waiting) begin(ctx context.Context) error {
	listening, cancel := context.WithTimeout(ctx, listenTime)
	defer cancel()
	cursor, err := w.viewer.Listen(listening)
	switch {
	case err == nil:
		w.cursor = cursor
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err := w.viewer.Running(); err != nil {
		return err
	}
	w.scrollback = &scrollback{capture: w.viewer.JoinedLines}
	if w.options.Send != nil {
		if err := w.send(ctx); err != nil {
			return err
		}
	}
	w.quiet = w.now()
	return nil
}

// send types, and notes where.
func (w *waiting) send(ctx context.Context) error {
	in := *w.options.Send
	in.Pane = w.pane
	w.terminal, _ = w.viewer.TTY(ctx, w.pane) // if the pane is gone, the typing says so
	var before tty.Mode
	place, err := w.sessions.SendFrom(ctx, w.principal, w.id, in, func(ctx context.Context) {
		if w.cursor.Pane != "" {
			_, _ = w.readOutput(ctx) // an error will come again
		}
		w.echoMode.editing = false // the output before the typing says nothing
		w.scrollback.cleared, w.scrollback.printed = false, 0
		before = tty.ModeOf(w.terminal)
	})
	if err != nil {
		return err
	}
	display := display(in)
	if before.IsSilent() {
		display = nil
	}
	w.scrollback.seen = place
	w.scrollback.row, w.scrollback.column = place.History+place.CursorY, place.CursorX
	w.scrollback.echo = newEcho(display)
	w.atMargin = place.CursorX == 0
	if w.cursor.Pane != "" {
		_, _ = w.readOutput(ctx)
	}
	after := tty.ModeOf(w.terminal)
	w.echoMode.twice = before.EchoesLines() && !after.MayBeEdited()
	w.modeChanged = before.EchoesLines() && after.MayBeEdited() ||
		before.Known && !before.Canonical && (w.echoMode.editing || after.EchoesLines())
	w.echoMode.editing = w.echoMode.editing || before.MayBeEdited()
	return nil
}

// run looks until a condition holds.
func (w *waiting) run(ctx context.Context) (session.Waited, error) {
	over := !w.now().Before(w.until)
	for news := true; ; {
		changes := w.viewer.Changes()
		if news {
			w.noteScreen(ctx)
		}
		more, err := w.readOutput(ctx)
		var done *session.Waited
		if err == nil {
			done, err = w.look(ctx, news)
		}
		switch {
		case err != nil && !session.IsTransient(err):
			return w.ended(ctx, err)
		case done != nil:
			return w.withScreen(ctx, *done), nil
		case over:
			return session.Waited{}, &session.WaitTimeoutError{Pane: w.pane, Screen: w.withScreen(ctx, session.Waited{}).Screen}
		}
		next := w.nextLook()
		news = false
		select {
		case <-more:
		case <-changes:
			news = true
		case <-next.C:
		case <-ctx.Done():
			return session.Waited{}, ctx.Err()
		}
		next.Stop()
		if over = !w.now().Before(w.until); !over {
			w.rest(ctx)
		}
	}
}

// nextLook fires when there is something to look at without news, or the time is up.
func (w *waiting) nextLook() *time.Timer {
	left := w.left(w.until)
	if w.options.Quiet > 0 {
		left = min(left, w.left(w.quiet.Add(w.options.Quiet)))
	}
	if w.options.Exit { // nobody reports the end of a program whose pane stays
		left = min(left, w.left(w.checked.Add(live.ScreenMaxAge)))
	}
	if !w.doubt.IsZero() {
		left = min(left, w.left(w.doubt.Add(echoDoubt)))
	}
	return time.NewTimer(left)
}

// rest lets output that comes together be seen together.
func (w *waiting) rest(ctx context.Context) {
	since := w.since(w.looked)
	if w.pace = max(2*w.pace, minPace); since > burstGap {
		w.pace = minPace
	}
	w.pace = min(w.pace, w.viewer.Interval())
	left := min(w.pace-since, w.left(w.until))
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
func (w *waiting) ended(ctx context.Context, err error) (session.Waited, error) {
	how := ""
	var ended *session.EndedError
	switch {
	case ctx.Err() != nil:
		return session.Waited{}, ctx.Err()
	case errors.As(err, &ended):
		how = string(ended.Status)
	case errors.Is(err, session.ErrNotFound):
		how = session.ExitDeleted
		if w.viewer.Running() == nil {
			how = session.ExitPaneClosed
		}
	default:
		return session.Waited{}, err
	}
	if !w.options.Exit {
		return session.Waited{}, &session.WaitEndedError{How: how}
	}
	return w.withScreen(ctx, session.Waited{Condition: session.ConditionExit, Exit: how}), nil
}

// withScreen adds the screen.
func (w *waiting) withScreen(ctx context.Context, done session.Waited) session.Waited {
	w.noteScreen(ctx)
	done.Pane, done.Screen = w.pane, string(w.screen)
	return done
}

// noteScreen notes what the pane shows, if it can be seen.
func (w *waiting) noteScreen(ctx context.Context) {
	if screen, err := w.viewer.Screen(ctx, session.CaptureOptions{Trim: true}); err == nil {
		w.screen = screen.Text
	}
}
