package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// Source is the session that a Viewer looks at, on behalf of one caller.
type Source interface {
	// Ref names the session as it runs now. It fails with session.ErrNotFound,
	// ErrEnded and ErrNotRunning, and does not block.
	Ref() (tmux.Ref, error)
	// Panes asks tmux for the session's panes. It fails as Ref does.
	Panes(ctx context.Context) ([]session.Pane, error)
}

// Viewer looks at one pane of a session for a while. The session stays watched until
// Close, and changes wake the Viewer. It belongs to one goroutine.
type Viewer struct {
	screens *Screens
	source  Source
	key     viewKey // its changes wake the Viewer
	w       *watched
	release func() // called by Close; nil: nothing
}

// View returns a Viewer of a pane of the source's session, in the variant of o. It fails
// with the errors of source, and with those that Explain returns. The caller closes the
// Viewer; Close calls release. If View fails, it has called release.
func (s *Screens) View(ctx context.Context, source Source, o session.CaptureOptions, release func()) (*Viewer, error) {
	v := &Viewer{screens: s, source: source, key: keyOf(o), release: release}
	ref, err := source.Ref()
	if err != nil {
		v.Close()
		return nil, err
	}
	v.hold(ref)
	if _, err := v.w.look(ctx, v.key); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// hold holds a session, so that it stays watched, and releases the one before.
func (v *Viewer) hold(ref tmux.Ref) {
	w := v.screens.watch(ref)
	for !w.hold(v.key) { // dropped in between
		w = v.screens.watch(ref)
	}
	if v.w != nil {
		v.w.release(v.key)
	}
	v.w = w
}

// Close releases the session. It may be called again.
func (v *Viewer) Close() {
	if v.w != nil {
		v.w.release(v.key)
		v.w = nil
	}
	if v.release != nil {
		v.release()
		v.release = nil
	}
}

// Changes returns a channel that is closed when the screen may have changed since the
// call. Call it before looking.
func (v *Viewer) Changes() <-chan struct{} { return v.w.changes() }

// Interval is the least time between two looks of callers who wait for a change.
func (v *Viewer) Interval() time.Duration { return v.screens.opts.Interval }

// Running returns an error when the session has ended, as Source.Ref does. It does not
// block.
func (v *Viewer) Running() error {
	_, err := v.source.Ref()
	return err
}

// renew checks that the session still runs, and holds its present place in tmux.
func (v *Viewer) renew() error {
	ref, err := v.source.Ref()
	if err != nil {
		return err
	}
	if v.w.isDropped() || !v.w.ref.Same(ref) {
		v.hold(ref)
	}
	return nil
}

// Screen returns the pane's screen now. It fails as Screens.Screen and Source.Ref do;
// ErrNotFound may also mean that the session was deleted meanwhile. It ignores o.Pane.
func (v *Viewer) Screen(ctx context.Context, o session.CaptureOptions) (session.Snapshot, error) {
	if err := o.Check(); err != nil {
		return session.Snapshot{}, err
	}
	if err := v.renew(); err != nil {
		return session.Snapshot{}, err
	}
	c, err := v.w.look(ctx, viewKey{v.key.pane, variantOf(o)})
	if err != nil {
		return session.Snapshot{}, err
	}
	return c.snapshot(o)
}

// Next blocks until the screen's ETag is one for which seen returns false, and returns the
// screen. While tmux is unavailable it waits. When ctx is done it fails with ctx's error.
func (v *Viewer) Next(ctx context.Context, o session.CaptureOptions, seen func(etag string) bool) (session.Snapshot, error) {
	for {
		changes := v.Changes()
		screen, err := v.Screen(ctx, o)
		if err == nil && !seen(screen.ETag) {
			return screen, nil
		}
		if err != nil && !session.IsTransient(err) {
			return session.Snapshot{}, err
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return session.Snapshot{}, ctx.Err()
		}
	}
}

// Panes returns the session's panes now.
func (v *Viewer) Panes(ctx context.Context) ([]session.Pane, error) {
	if err := v.renew(); err != nil {
		return nil, err
	}
	if l := v.w.currentLayout(); l != nil {
		return tmux.Panes(l.panes), nil
	}
	return v.source.Panes(ctx)
}

// JoinedLines captures the Viewer's pane from a row on, by tmux's number, with
// wrapped lines joined. It fails as Screen does.
func (v *Viewer) JoinedLines(ctx context.Context, first int) (controlmode.Joined, error) {
	return inPane(ctx, v, v.key.pane, func(ctx context.Context, c controlmode.Client, t controlmode.Target) (controlmode.Joined, error) {
		return c.CaptureJoined(ctx, t, first)
	})
}

// TTY returns the path of the terminal of one of the session's panes. It fails as Screen
// does.
func (v *Viewer) TTY(ctx context.Context, pane string) (string, error) {
	return inPane(ctx, v, pane, func(ctx context.Context, c controlmode.Client, t controlmode.Target) (string, error) {
		return c.PaneTTY(ctx, t)
	})
}

// inPane asks tmux something about a pane of the Viewer's session.
func inPane[T any](ctx context.Context, v *Viewer, pane string, ask func(context.Context, controlmode.Client, controlmode.Target) (T, error)) (T, error) {
	var none T
	target, err := v.w.ref.Target(pane)
	if err != nil {
		return none, err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	got, err := ask(ctx, v.w.ref.Client(v.screens.tmux), target)
	if err != nil {
		return none, v.screens.explain(ctx, v.w.ref, err)
	}
	return got, nil
}

// errNotLive means that the pane is not linked into the hub yet; it will be.
var errNotLive = errors.New("live: not live")

func isNotLive(err error) bool { return errors.Is(err, errNotLive) }

// liveScreen returns the live screen of the Viewer's pane. It fails with errNotLive.
func (v *Viewer) liveScreen() (*screen, controlmode.PaneInfo, error) {
	if err := v.renew(); err != nil {
		return nil, controlmode.PaneInfo{}, err
	}
	if v.screens.opts.Idle < 0 {
		return nil, controlmode.PaneInfo{}, fmt.Errorf("%w: live screens are off", session.ErrUnavailable)
	}
	l := v.w.currentLayout()
	if l == nil {
		return nil, controlmode.PaneInfo{}, errNotLive
	}
	for _, p := range l.panes {
		if v.key.pane == p.Pane.String() || v.key.pane == "" && p.Active {
			return l.byPane[p.Pane], p, nil
		}
	}
	return nil, controlmode.PaneInfo{}, session.ErrNotFound
}

// awaitLiveScreen blocks until the hub reports the pane's output.
func (v *Viewer) awaitLiveScreen(ctx context.Context) (*screen, controlmode.PaneInfo, error) {
	for {
		changes := v.Changes()
		s, info, err := v.liveScreen()
		if !isNotLive(err) {
			return s, info, err
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return nil, controlmode.PaneInfo{}, ctx.Err()
		}
	}
}

// IsPaused reports whether the pane's output is not read now, because it prints too much.
func (v *Viewer) IsPaused() bool {
	s, _, err := v.liveScreen()
	return err == nil && s.paused.Load()
}
