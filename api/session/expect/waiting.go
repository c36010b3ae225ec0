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
	pattern   *regexp.Regexp // nil: the wait is not for text
	deadline  time.Time

	scrollback *scrollback
	tty        string   // path of the pane's terminal; empty: not known
	echoMode   echoMode // who has echoed the typing, as far as is known
	// modeChanged: the terminal's mode changed about when the typing began, so the
	// terminal itself may have echoed it. editorTookOver: a line editor began to read
	// then, so the terminal may not have echoed it after all.
	modeChanged    bool
	editorTookOver bool
	atMargin       bool   // the typing began in the first column: no prompt was before it
	tail           []byte // the last bytes of the output, tailBytes at most

	cursor     session.Cursor // the end of the output that was read; without a Pane, no output is read
	lastOutput time.Time      // when the program wrote last
	etag       string         // of the screen, while no output is read
	screen     []byte         // as it was last seen
	textRead   time.Time      // when the text was last read
	exitAsked  time.Time      // when the program's end was last looked for
	exitSeen   time.Time      // when it was first found; zero: not yet
	pace       time.Duration  // the pause before the next look, see rest
	doubtSince time.Time      // since when there is a match that may be an echo; zero: there is none
}

func (w *waiting) since(t time.Time) time.Duration { return w.now().Sub(t) }

func (w *waiting) until(t time.Time) time.Duration { return t.Sub(w.now()) }

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
	w.lastOutput = w.now()
	return nil
}

// send types, and notes the place where the typing began and who may echo it.
func (w *waiting) send(ctx context.Context) error {
	in := *w.options.Send
	in.Pane = w.pane
	w.tty, _ = w.viewer.TTY(ctx, w.pane) // if the pane is gone, the typing fails
	var before tty.Mode
	place, err := w.sessions.SendFrom(ctx, w.principal, w.id, in, func(ctx context.Context) {
		if w.cursor.Pane != "" {
			_, _ = w.readOutput(ctx) // an error will come again
		}
		w.echoMode.byEditor = false // earlier output does not count
		w.scrollback.forgetOutput()
		before = tty.ModeOf(w.tty)
	})
	if err != nil {
		return err
	}
	display := display(in)
	if before.IsSilent() {
		display = nil
	}
	w.scrollback.noteTyping(place, display)
	w.atMargin = place.CursorX == 0
	if w.cursor.Pane != "" {
		_, _ = w.readOutput(ctx)
	}
	after := tty.ModeOf(w.tty)
	w.echoMode.byTerminal = before.EchoesLines() && !after.MayBeEdited()
	w.modeChanged = before.EchoesLines() && after.MayBeEdited() ||
		before.Known && !before.Canonical && (w.echoMode.byEditor || after.EchoesLines())
	w.echoMode.byEditor = w.echoMode.byEditor || before.MayBeEdited()
	return nil
}

// run looks at the pane whenever it changes, until a condition holds or the time is
// up.
func (w *waiting) run(ctx context.Context) (session.Waited, error) {
	over := !w.now().Before(w.deadline)
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
		if over = !w.now().Before(w.deadline); !over {
			w.rest(ctx)
		}
	}
}

// nextLook returns a timer for the next look, for the case that the pane does not change
// before: at the wait's deadline, or when another condition may hold by then.
func (w *waiting) nextLook() *time.Timer {
	pause := w.until(w.deadline)
	if w.options.Quiet > 0 {
		pause = min(pause, w.until(w.lastOutput.Add(w.options.Quiet)))
	}
	if w.options.Exit { // tmux does not report the end of a program whose pane stays
		pause = min(pause, w.until(w.exitAsked.Add(live.ScreenMaxAge)))
	}
	if !w.doubtSince.IsZero() {
		pause = min(pause, w.until(w.doubtSince.Add(echoDoubt)))
	}
	return time.NewTimer(pause)
}

// rest pauses before the next look, so that one look sees a burst of output. See
// minPace.
func (w *waiting) rest(ctx context.Context) {
	since := w.since(w.textRead)
	if w.pace = max(2*w.pace, minPace); since > burstGap {
		w.pace = minPace
	}
	w.pace = min(w.pace, w.viewer.Interval())
	pause := min(w.pace-since, w.until(w.deadline))
	if pause <= 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ended is the wait's result when the pane cannot be looked at any more, because of
// err.
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

// withScreen adds the pane and its screen to a result.
func (w *waiting) withScreen(ctx context.Context, done session.Waited) session.Waited {
	w.noteScreen(ctx)
	done.Pane, done.Screen = w.pane, string(w.screen)
	return done
}

// noteScreen keeps the pane's screen. If it cannot be captured, the last one stays.
func (w *waiting) noteScreen(ctx context.Context) {
	if screen, err := w.viewer.Screen(ctx, session.CaptureOptions{Trim: true}); err == nil {
		w.screen = screen.Text
	}
}
