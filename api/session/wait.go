package session

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"
)

// Conditions that a Wait can end with.
const (
	ConditionText  = "text"
	ConditionQuiet = "quiet"
	ConditionExit  = "exit"
)

// How a pane ends, besides the Ended statuses of its session.
const (
	ExitDeleted    = "deleted"     // the session is no more
	ExitPaneClosed = "pane-closed" // the session goes on without the pane
	ExitPaneDead   = "pane-dead"   // the program has ended, and its pane has stayed
)

// WaitOptions are the conditions of a Wait, any of which ends it; one at least
// must be given.
type WaitOptions struct {
	Pane    string        // "%5"; empty: the pane that is active at the beginning
	Text    string        // a pattern; see Wait
	Quiet   time.Duration // for so long the pane's program has written nothing
	Exit    bool          // the session or the pane's program has ended
	Timeout time.Duration // 0: what holds now counts
	Send    *Input        // is typed first
}

// Waited says what ended a Wait.
type Waited struct {
	Condition string
	Pane      string
	Match     *Match // of ConditionText
	Exit      string // of ConditionExit: how it ended
	Ended     *Exit  // then: how its program did; nil: that is not known
	Screen    string // without blank lines at its end; as it was last seen when it is gone
}

// ErrWaitTimeout: none of the conditions of a Wait held in time. Every error that
// is one is a *WaitTimeoutError.
var ErrWaitTimeout = errors.New("session: none of the conditions in time")

// WaitTimeoutError is ErrWaitTimeout with the screen.
type WaitTimeoutError struct {
	Pane   string
	Screen string // so far
}

func (e *WaitTimeoutError) Error() string { return ErrWaitTimeout.Error() }

// Unwrap makes errors.Is find ErrWaitTimeout.
func (e *WaitTimeoutError) Unwrap() error { return ErrWaitTimeout }

// WaitEndedError: the session or the pane ended while somebody waited for
// something else.
type WaitEndedError struct{ How string }

func (e *WaitEndedError) Error() string { return "session: ended during a wait: " + e.How }

// Wait waits until one of the conditions holds for a pane of the caller's
// session. It fails as View and Send do, with a *WaitTimeoutError, and, unless
// Exit is a condition, with a *WaitEndedError.
//
// Text is matched, in RE2's syntax, against the lines of the screen and of what
// scrolls by: lines that the pane wraps are one, ^ and $ are their ends, blanks at
// their ends are left out but those before the cursor. Without Send what the
// screen shows already counts; with it, only what comes after the place where
// the cursor was when the typing began, and of that not the echo of what was
// typed (see echo).
func (r *Registry) Wait(ctx context.Context, p Principal, id int64, o WaitOptions) (Waited, error) {
	pattern, err := o.check()
	if err != nil {
		return Waited{}, err
	}
	pane, err := r.paneID(ctx, p, id, o.Pane)
	var v *Viewer
	if err == nil {
		v, err = r.View(ctx, p, id, pane)
	}
	if ended := (*EndedError)(nil); o.Exit && errors.As(err, &ended) {
		return Waited{Condition: ConditionExit, Pane: pane, Exit: string(ended.Status)}, nil
	}
	if err != nil {
		return Waited{}, err
	}
	defer v.Close()
	w := &waiting{options: o, viewer: v, pattern: pattern, pane: pane, until: time.Now().Add(o.Timeout)}
	if err := w.begin(ctx); err != nil {
		return w.ended(ctx, err)
	}
	return w.run(ctx)
}

// check finds what cannot be accepted before anything is done.
func (o *WaitOptions) check() (*regexp.Regexp, error) {
	if o.Text == "" && o.Quiet <= 0 && !o.Exit {
		return nil, invalid("text", "give at least one of text, quiet_ms and exit")
	}
	var pattern *regexp.Regexp
	if o.Text != "" {
		var err error
		if pattern, err = compile("text", o.Text); err != nil {
			return nil, err
		}
	}
	if o.Send == nil {
		return pattern, nil
	}
	if o.Pane == "" {
		o.Pane = o.Send.Pane
	}
	if o.Send.Pane != "" && o.Send.Pane != o.Pane {
		return nil, invalid("send.pane", "is another pane than the one that is waited for")
	}
	_, err := o.Send.typed()
	return pattern, within("send", err)
}

// within names the fields of an InvalidError as those of an object in a field.
func within(field string, err error) error {
	bad := (*InvalidError)(nil)
	if !errors.As(err, &bad) {
		return err
	}
	named := &InvalidError{Fields: slices.Clone(bad.Fields)}
	for i := range named.Fields {
		named.Fields[i].Field = field + "." + named.Fields[i].Field
	}
	return named
}

// paneID is the id of a pane as callers name it: another one may be active soon.
func (r *Registry) paneID(ctx context.Context, p Principal, id int64, pane string) (string, error) {
	rec, err := r.running(p, id)
	if err != nil || pane != "" {
		return pane, err
	}
	if sh := r.live.watch(rec).known(); sh != nil {
		for _, p := range sh.panes {
			if p.Active {
				return p.Pane.String(), nil
			}
		}
	}
	s, err := r.Get(ctx, p, id)
	if err != nil {
		return "", err
	}
	for _, p := range s.Panes {
		if p.Active {
			return p.ID, nil
		}
	}
	if s.Status.Ended() {
		return "", &EndedError{Status: s.Status}
	}
	return "", ErrUnavailable // between two panes: there will be one
}
