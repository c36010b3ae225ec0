package session

import (
	"context"
	"time"
)

const (
	// doubtTime is how long what might be echo has to stay without a sign that it
	// is.
	doubtTime = 250 * time.Millisecond
	// statusTime is how long tmux gets to find out how a program has ended, and
	// statusSoon after what time it is asked again.
	statusTime = 500 * time.Millisecond
	statusSoon = 20 * time.Millisecond
)

// look finds out whether a condition holds. news: the session may have ended, or
// have other panes.
func (w *waiting) look(ctx context.Context, news bool) (*Waited, error) {
	if w.pattern != nil {
		m, err := w.match(ctx)
		if err != nil {
			return nil, err
		}
		if m != nil {
			return &Waited{Condition: ConditionText, Match: m}, nil
		}
	}
	if w.options.Exit && (news || time.Since(w.checked) >= trustedFor) {
		if done, err := w.exited(ctx); err != nil || done != nil {
			return done, err
		}
	}
	if quiet, err := w.isQuiet(ctx); err != nil || !quiet {
		return nil, err
	}
	return &Waited{Condition: ConditionQuiet}, nil
}

// isQuiet makes sure, when nothing was heard for long enough, that it is not
// because tmux had no time to tell.
func (w *waiting) isQuiet(ctx context.Context) (bool, error) {
	quiet := func() bool { return w.options.Quiet > 0 && time.Since(w.quiet) >= w.options.Quiet && !w.floods() }
	if !quiet() {
		return false, nil
	}
	if _, err := w.reader.capture(ctx, 0); err != nil {
		return false, err
	}
	_, err := w.hear(ctx)
	return quiet(), err
}

// match looks for the pattern. What would be echo if what was typed had gone
// through more hands than is known counts when it has stayed for a while without a
// sign of them: what tells of a line editor may come later than the text.
func (w *waiting) match(ctx context.Context) (*Match, error) {
	w.looked = time.Now()
	w.seeEditing()
	p, err := w.reader.look(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := w.hear(ctx); err != nil {
		return nil, err
	}
	w.seeEditing()
	most := hands{editing: true, twice: w.hands.twice || w.turned}
	strict := w.reader.answer(p, most)
	m := p.match(w.pattern, strict)
	w.taken = w.taken || strict.elsewhere && w.hands.twice && w.hands.editing
	least := hands{editing: w.hands.editing, twice: w.hands.twice && !w.taken}
	if m != nil || least == most {
		w.doubt = time.Time{}
		w.reader.advance(p, strict)
		return m, nil
	}
	loose := w.reader.answer(p, least)
	if m = p.match(w.pattern, loose); m == nil {
		w.doubt = time.Time{}
		w.reader.advance(p, loose)
		return nil, nil
	}
	if w.doubt.IsZero() {
		w.doubt = time.Now()
	}
	if time.Since(w.doubt) < doubtTime {
		return nil, nil
	}
	if (w.taken || w.turned && w.atMargin) && behindPrompt(m.Line, typedLines(w.reader.echo.display)) {
		w.doubt = time.Now() // a command may take its time
		return nil, nil
	}
	return m, nil
}

func (w *waiting) seeEditing() {
	w.hands.editing = w.hands.editing || echoingOf(w.terminal).edited()
}

// exited finds out whether the pane's program has ended.
func (w *waiting) exited(ctx context.Context) (*Waited, error) {
	w.checked = time.Now()
	s, err := w.viewer.registry.Get(ctx, w.viewer.principal, w.viewer.id)
	if err != nil {
		return nil, err
	}
	done := Waited{Condition: ConditionExit, Exit: ExitPaneClosed}
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
				done.Exit = ExitPaneDead
			}
			if p.PaneDetail != nil {
				done.Ended = p.Exit
			}
		}
	}
	if s.Panes != nil && done.Exit != ExitPaneClosed && done.Ended == nil && w.statusLate() {
		return nil, nil
	}
	return &done, nil
}

// statusLate reports whether how a program has ended may yet be known, and has it
// asked for soon.
func (w *waiting) statusLate() bool {
	if w.died.IsZero() {
		w.died = w.checked
	}
	w.checked = w.checked.Add(statusSoon - trustedFor)
	return time.Since(w.died) < statusTime
}
