package expect

import (
	"context"
	"errors"
	"regexp"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/controlmode"
)

// Sessions is the part of the registry that a wait needs; *registry.Registry is one.
type Sessions interface {
	// PaneID is the id of a pane as callers name it.
	PaneID(ctx context.Context, p session.Principal, id int64, pane string) (string, error)
	View(ctx context.Context, p session.Principal, id int64, pane string) (*live.Viewer, error)
	// SendFrom types. It returns the place where the cursor was when the typing began,
	// and calls before just before that.
	SendFrom(ctx context.Context, p session.Principal, id int64, in session.Input, before func(context.Context)) (controlmode.Place, error)
	Get(ctx context.Context, p session.Principal, id int64) (session.Session, error)
}

// Waiter waits for panes. It is safe for concurrent use.
type Waiter struct {
	sessions Sessions
	now      func() time.Time
}

// New makes a Waiter. now is the clock; nil: time.Now.
func New(sessions Sessions, now func() time.Time) *Waiter {
	if now == nil {
		now = time.Now
	}
	return &Waiter{sessions: sessions, now: now}
}

// Wait waits until one of the conditions holds for a pane of the caller's session.
// It fails as registry's View and Send do, with a *session.WaitTimeoutError, and,
// unless Exit is a condition, with a *session.WaitEndedError.
//
// Text is matched, in RE2's syntax, against the lines of the screen and the lines
// that scroll by. A line that the pane wraps is one line; ^ and $ are its ends. Blanks
// at its end are left out, except those before the cursor. Without Send, the text that
// the screen shows already counts. With Send, only text after the place counts where
// the cursor was when the typing began, without the echo of the typing (see echo).
func (wr *Waiter) Wait(ctx context.Context, p session.Principal, id int64, o session.WaitOptions) (session.Waited, error) {
	pattern, err := check(&o)
	if err != nil {
		return session.Waited{}, err
	}
	pane, err := wr.sessions.PaneID(ctx, p, id, o.Pane)
	var v *live.Viewer
	if err == nil {
		v, err = wr.sessions.View(ctx, p, id, pane)
	}
	if ended := (*session.EndedError)(nil); o.Exit && errors.As(err, &ended) {
		return session.Waited{Condition: session.ConditionExit, Pane: pane, Exit: string(ended.Status)}, nil
	}
	if err != nil {
		return session.Waited{}, err
	}
	defer v.Close()
	w := &waiting{
		Waiter: wr, principal: p, id: id,
		options: o, viewer: v, pattern: pattern, pane: pane, deadline: wr.now().Add(o.Timeout),
	}
	if err := w.begin(ctx); err != nil {
		return w.ended(ctx, err)
	}
	return w.run(ctx)
}

// check validates the options, before anything is done, and compiles the pattern.
func check(o *session.WaitOptions) (*regexp.Regexp, error) {
	if o.Text == "" && o.Quiet <= 0 && !o.Exit {
		return nil, session.Invalid("text", "give at least one of text, quiet_ms and exit")
	}
	var pattern *regexp.Regexp
	if o.Text != "" {
		var err error
		if pattern, err = compile("text", o.Text); err != nil {
			return nil, err
		}
	}
	return pattern, o.CheckSend()
}
