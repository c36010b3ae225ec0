package expect

import (
	"context"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/tty"
)

// look finds out whether a condition holds. news: the session may have ended, or
// have other panes.
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
	if w.options.Exit && (news || w.since(w.checked) >= live.ScreenMaxAge) {
		if done, err := w.exited(ctx); err != nil || done != nil {
			return done, err
		}
	}
	if quiet, err := w.isQuiet(ctx); err != nil || !quiet {
		return nil, err
	}
	return &session.Waited{Condition: session.ConditionQuiet}, nil
}

// isQuiet makes sure, when nothing was heard for long enough, that it is not
// because tmux had no time to tell.
func (w *waiting) isQuiet(ctx context.Context) (bool, error) {
	quiet := func() bool { return w.options.Quiet > 0 && w.since(w.quiet) >= w.options.Quiet && !w.isFlooding() }
	if !quiet() {
		return false, nil
	}
	if _, err := w.scrollback.capture(ctx, 0); err != nil {
		return false, err
	}
	_, err := w.readOutput(ctx)
	return quiet(), err
}

// match looks for the pattern. What would be echo if what was typed had gone
// through more echoMode than is known counts when it has stayed for a while without a
// sign of them: what tells of a line editor may come later than the text.
func (w *waiting) match(ctx context.Context) (*session.Match, error) {
	w.looked = w.now()
	w.noteEditing()
	p, err := w.scrollback.read(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := w.readOutput(ctx); err != nil {
		return nil, err
	}
	w.noteEditing()
	most := echoMode{editing: true, twice: w.echoMode.twice || w.modeChanged}
	strict := w.scrollback.withoutEcho(p, most)
	m := p.match(w.pattern, strict)
	w.takenOver = w.takenOver || strict.elsewhere && w.echoMode.twice && w.echoMode.editing
	least := echoMode{editing: w.echoMode.editing, twice: w.echoMode.twice && !w.takenOver}
	if m != nil || least == most {
		w.doubt = time.Time{}
		w.scrollback.advance(p, strict)
		return m, nil
	}
	loose := w.scrollback.withoutEcho(p, least)
	if m = p.match(w.pattern, loose); m == nil {
		w.doubt = time.Time{}
		w.scrollback.advance(p, loose)
		return nil, nil
	}
	if w.doubt.IsZero() {
		w.doubt = w.now()
	}
	if w.since(w.doubt) < echoDoubt {
		return nil, nil
	}
	if (w.takenOver || w.modeChanged && w.atMargin) && behindPrompt(m.Line, typedLines(w.scrollback.echo.display)) {
		w.doubt = w.now() // a command may take its time
		return nil, nil
	}
	return m, nil
}

func (w *waiting) noteEditing() {
	w.echoMode.editing = w.echoMode.editing || tty.ModeOf(w.terminal).MayBeEdited()
}

// exited finds out whether the pane's program has ended.
func (w *waiting) exited(ctx context.Context) (*session.Waited, error) {
	w.checked = w.now()
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

// isExitPending reports whether how a program has ended may yet be known, and has it
// asked for soon.
func (w *waiting) isExitPending() bool {
	if w.died.IsZero() {
		w.died = w.checked
	}
	w.checked = w.checked.Add(exitRetry - live.ScreenMaxAge)
	return w.since(w.died) < exitTime
}
