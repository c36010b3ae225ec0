package expect

import (
	"context"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/tty"
)

// look returns the wait's result if a condition holds; nil: none does. news: the
// session has changed, so it may have ended or have other panes.
func (w *waiting) look(ctx context.Context, news bool) (*session.Waited, error) {
	if w.pattern != nil {
		m, err := w.match(ctx)
		if err != nil {
			return nil, err
		}
		if m != nil {
			return &session.Waited{Condition: session.ConditionText, Match: m}, nil
		}
	}
	if w.options.Exit && (news || w.since(w.exitAsked) >= live.ScreenMaxAge) {
		if done, err := w.exited(ctx); err != nil || done != nil {
			return done, err
		}
	}
	if quiet, err := w.isQuiet(ctx); err != nil || !quiet {
		return nil, err
	}
	return &session.Waited{Condition: session.ConditionQuiet}, nil
}

// isQuiet reports whether the program has been quiet for long enough. If it seems so,
// isQuiet asks tmux for a capture first: output that tmux had no time to report
// arrives before the capture.
func (w *waiting) isQuiet(ctx context.Context) (bool, error) {
	quiet := func() bool { return w.options.Quiet > 0 && w.since(w.lastOutput) >= w.options.Quiet && !w.isFlooding() }
	if !quiet() {
		return false, nil
	}
	if _, err := w.scrollback.capture(ctx, 0); err != nil {
		return false, err
	}
	_, err := w.readOutput(ctx)
	return quiet(), err
}

// match looks for the pattern in the text without the echo; nil: it is not there.
//
// It is not always known yet who has echoed the typing: the sign of a line editor may
// arrive after the text. So there are two modes, one with all who may have echoed and
// one with those who certainly have. A match without the echo of the first counts at
// once. A match only without the echo of the second counts when it has stayed for
// echoDoubt.
func (w *waiting) match(ctx context.Context) (*session.Match, error) {
	w.textRead = w.now()
	w.noteEditing()
	p, err := w.scrollback.read(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := w.readOutput(ctx); err != nil {
		return nil, err
	}
	w.noteEditing()
	possible := echoMode{byEditor: true, byTerminal: w.echoMode.byTerminal || w.modeChanged}
	text := w.scrollback.removeEcho(p, possible)
	m := p.match(w.pattern, text)
	w.editorTookOver = w.editorTookOver || text.noPrefix && w.echoMode.byTerminal && w.echoMode.byEditor
	certain := echoMode{byEditor: w.echoMode.byEditor, byTerminal: w.echoMode.byTerminal && !w.editorTookOver}
	if m == nil && certain != possible {
		text = w.scrollback.removeEcho(p, certain)
		if m = p.match(w.pattern, text); m != nil {
			return w.confirm(m), nil
		}
	}
	w.doubtSince = time.Time{}
	w.scrollback.advance(p, text)
	return m, nil
}

// confirm returns a match that may be an echo, or nil while it is in doubt.
func (w *waiting) confirm(m *session.Match) *session.Match {
	if w.doubtSince.IsZero() {
		w.doubtSince = w.now()
	}
	if w.since(w.doubtSince) < echoDoubt {
		return nil
	}
	if (w.editorTookOver || w.modeChanged && w.atMargin) && isPromptWithTyped(m.Line, typedLines(w.scrollback.echo.display)) {
		w.doubtSince = w.now() // it looks like an echo, and a slow command prints nothing yet
		return nil
	}
	return m
}

// noteEditing notes if a line editor may be reading.
func (w *waiting) noteEditing() {
	w.echoMode.byEditor = w.echoMode.byEditor || tty.ModeOf(w.tty).MayBeEdited()
}

// exited returns the wait's result if the pane's program has ended; nil: it has not.
func (w *waiting) exited(ctx context.Context) (*session.Waited, error) {
	w.exitAsked = w.now()
	s, err := w.sessions.Get(ctx, w.principal, w.id)
	if err != nil {
		return nil, err
	}
	done := session.Waited{Condition: session.ConditionExit, Exit: session.ExitPaneClosed}
	if s.Status.Ended() {
		done.Exit = string(s.Status)
	}
	for _, p := range s.Panes {
		switch {
		case p.ID != w.pane:
		case !p.Dead:
			return nil, nil
		default:
			if !s.Status.Ended() {
				done.Exit = session.ExitPaneDead
			}
			if p.PaneDetail != nil {
				done.Ended = p.Exit
			}
		}
	}
	if s.Panes != nil && done.Exit != session.ExitPaneClosed && done.Ended == nil && w.isExitPending() {
		return nil, nil
	}
	return &done, nil
}

// isExitPending reports whether tmux may still find out the exit code or signal of a
// program that has ended. It has the next look after exitRetry.
func (w *waiting) isExitPending() bool {
	if w.exitSeen.IsZero() {
		w.exitSeen = w.exitAsked
	}
	w.exitAsked = w.exitAsked.Add(exitRetry - live.ScreenMaxAge)
	return w.since(w.exitSeen) < exitTime
}
