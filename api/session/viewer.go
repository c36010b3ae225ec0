package session

import (
	"context"
	"errors"
	"fmt"

	"interplexer/controlmode"
)

// Viewer looks at one pane of a session for a while: the session stays watched,
// and changes wake it. It belongs to one goroutine.
type Viewer struct {
	registry  *Registry
	principal Principal
	id        int64
	pane      string // "": whichever is active
	form      form   // whose changes wake it
	w         *watched
}

// View starts to look at a pane of the caller's session, the active one if pane
// is empty. It fails as Screen does, and with ErrTooManyHeld. Close the Viewer
// when done.
func (r *Registry) View(ctx context.Context, p Principal, id int64, pane string) (*Viewer, error) {
	return r.ViewAs(ctx, p, id, CaptureOptions{Pane: pane})
}

// ViewAs is View for one form of the screen, of which changes are told.
func (r *Registry) ViewAs(ctx context.Context, p Principal, id int64, o CaptureOptions) (*Viewer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	rec, err := r.running(p, id)
	if err != nil {
		return nil, err
	}
	if _, err := rec.target(o.Pane); err != nil {
		return nil, err
	}
	if err := r.held.take(p.UserID, r.opts.Held); err != nil {
		return nil, err
	}
	v := &Viewer{registry: r, principal: p, id: id, pane: o.Pane, form: o.form()}
	v.hold(rec)
	if _, err := v.w.look(ctx, v.subject()); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// hold keeps the record's session watched, and no longer the one before.
func (v *Viewer) hold(rec *record) {
	w := v.registry.live.watch(rec)
	for !w.hold(v.subject()) { // dropped in between
		w = v.registry.live.watch(rec)
	}
	if v.w != nil {
		v.w.release(v.subject())
	}
	v.w = w
}

// Close ends the looking. It may be called again.
func (v *Viewer) Close() {
	if v.w == nil {
		return
	}
	v.w.release(v.subject())
	v.w = nil
	v.registry.held.give(v.principal.UserID)
}

func (v *Viewer) subject() subject { return subject{v.pane, v.form} }

// Changes is closed when something may have changed since it was called. Call
// it before looking.
func (v *Viewer) Changes() <-chan struct{} { return v.w.changes() }

// Screen is what the pane shows now. It fails as Registry.Screen does;
// ErrNotFound may also mean that the session was deleted meanwhile. The pane is
// the Viewer's.
func (v *Viewer) Screen(ctx context.Context, o CaptureOptions) (Snapshot, error) {
	if err := o.check(); err != nil {
		return Snapshot{}, err
	}
	if err := v.renew(); err != nil {
		return Snapshot{}, err
	}
	c, err := v.w.look(ctx, subject{v.pane, o.form()})
	if err != nil {
		return Snapshot{}, err
	}
	return c.shown(o)
}

// Next returns the screen as soon as seen, asked for its ETag, is false; until
// then it blocks, or until ctx is done. While tmux cannot be reached it waits.
func (v *Viewer) Next(ctx context.Context, o CaptureOptions, seen func(etag string) bool) (Snapshot, error) {
	for {
		changes := v.Changes()
		screen, err := v.Screen(ctx, o)
		if err == nil && !seen(screen.ETag) {
			return screen, nil
		}
		if err != nil && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrOverloaded) {
			return Snapshot{}, err
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return Snapshot{}, ctx.Err()
		}
	}
}

// renew makes sure that the session still runs and that it is the one that is
// held.
func (v *Viewer) renew() error {
	rec, err := v.registry.running(v.principal, v.id)
	if err != nil {
		return err
	}
	if v.w.gone() || !v.w.rec.sameTmux(rec) {
		v.hold(rec)
	}
	return nil
}

// Panes are the session's panes now.
func (v *Viewer) Panes(ctx context.Context) ([]Pane, error) {
	if err := v.renew(); err != nil {
		return nil, err
	}
	if sh := v.w.known(); sh != nil {
		return newPanes(sh.panes), nil
	}
	s, err := v.registry.Get(ctx, v.principal, v.id)
	return s.Panes, err
}

// Send types as Registry.Send does, into the Viewer's pane.
func (v *Viewer) Send(ctx context.Context, in Input) error {
	in.Pane = v.pane
	return v.registry.Send(ctx, v.principal, v.id, in)
}

// errNotLive: the hub does not tell of the pane just now; it will.
var errNotLive = errors.New("session: not live")

// heard is the live screen of the Viewer's pane, and its id.
func (v *Viewer) heard() (*screen, controlmode.PaneInfo, error) {
	if err := v.renew(); err != nil {
		return nil, controlmode.PaneInfo{}, err
	}
	if v.registry.opts.Live.Idle < 0 {
		return nil, controlmode.PaneInfo{}, fmt.Errorf("%w: live screens are off", ErrUnavailable)
	}
	sh := v.w.known()
	if sh == nil {
		return nil, controlmode.PaneInfo{}, errNotLive
	}
	for _, p := range sh.panes {
		if v.pane == p.Pane.String() || v.pane == "" && p.Active {
			return sh.byPane[p.Pane], p, nil
		}
	}
	return nil, controlmode.PaneInfo{}, ErrNotFound
}

// Listen returns the place where the pane's output is now, from which Output
// goes on. While nothing is heard it blocks.
func (v *Viewer) Listen(ctx context.Context) (Cursor, error) {
	s, info, err := v.listening(ctx)
	if err != nil {
		return Cursor{}, err
	}
	epoch, end := s.output.listen()
	return Cursor{Pane: info.Pane.String(), Epoch: epoch, Offset: end}, nil
}

// listening is heard as soon as the pane is.
func (v *Viewer) listening(ctx context.Context) (*screen, controlmode.PaneInfo, error) {
	for {
		changes := v.Changes()
		s, info, err := v.heard()
		if !errors.Is(err, errNotLive) {
			return s, info, err
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return nil, controlmode.PaneInfo{}, ctx.Err()
		}
	}
}

// Output returns up to n bytes of the pane's output from a cursor on, and the
// cursor after them. When there are none yet, it returns a channel that is
// closed when there may be. It fails with ErrGap when bytes are missing or the
// cursor is not of the pane that is looked at now: Listen, or Repaint, tells
// where to go on.
func (v *Viewer) Output(c Cursor, n int) (data []byte, next Cursor, more <-chan struct{}, err error) {
	changes := v.Changes()
	s, info, err := v.heard()
	switch {
	case errors.Is(err, errNotLive):
		return nil, c, changes, nil
	case err != nil:
		return nil, c, nil, err
	case info.Pane.String() != c.Pane:
		return nil, c, nil, ErrGap
	}
	data, more, err = s.output.read(c.Epoch, c.Offset, n)
	c.Offset += uint64(len(data))
	return data, c, more, err
}

// Repaint returns the pane's screen with its styles and modes, and the place in
// its output from which on everything comes after it. It blocks while nothing
// is heard.
func (v *Viewer) Repaint(ctx context.Context) (controlmode.Repaint, Cursor, error) {
	for {
		changes := v.Changes()
		paint, cursor, err := v.repaint(ctx)
		if !errors.Is(err, errNotLive) {
			return paint, cursor, err
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return controlmode.Repaint{}, Cursor{}, ctx.Err()
		}
	}
}
