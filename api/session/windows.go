package session

import (
	"context"

	"interplexer/controlmode"
)

// Program is what runs in a new window or pane; the zero value is the owner's
// login shell in the session's folder.
type Program struct {
	Command []string
	Cwd     string // absolute
	Env     map[string]string
}

// NewWindow describes a new window.
type NewWindow struct {
	Program
	Name       string // empty: the program's
	Background bool   // the session's current window stays what it is
}

// WindowChange says what is to become of a window; nil leaves a thing as it is.
type WindowChange struct {
	Name   *string
	Layout *string // one of tmux's own: "tiled" and others
	Select bool    // make it the session's current window
}

// CreateWindow makes a window in a session of the caller's and returns the
// session's windows and panes, and the new one's id. It fails with ErrNotFound,
// ErrEnded, ErrNoResources, or an *InvalidError.
func (r *Registry) CreateWindow(ctx context.Context, p Principal, id int64, n NewWindow) (Session, string, error) {
	var made controlmode.PaneInfo
	one, err := r.change(ctx, p, id, func(ctx context.Context, rec *record) (err error) {
		var bad InvalidError
		checkWindowName(n.Name, bad.complain)
		options := r.checkProgram(rec, n.Program, bad.complain)
		if err := bad.orNil(); err != nil {
			return err
		}
		made, err = rec.on(r.tmux).NewWindow(ctx, rec.tmux, controlmode.NewWindowOptions{
			ProgramOptions: options, Name: n.Name, Detached: n.Background, Keep: rec.row.KeepAfterExit,
		})
		return err
	})
	return one, made.Window.String(), err
}

// ChangeWindow changes a window of the caller's session; see CreateWindow.
func (r *Registry) ChangeWindow(ctx context.Context, p Principal, id int64, window string, c WindowChange) (Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		w, err := rec.window(window)
		if err != nil {
			return err
		}
		var bad InvalidError
		var layout controlmode.Layout
		if c.Name != nil {
			if *c.Name == "" {
				bad.complain("name", "is empty")
			}
			checkWindowName(*c.Name, bad.complain)
		}
		if c.Layout != nil {
			if layout, err = controlmode.ParseLayout(*c.Layout); err != nil {
				bad.complain("layout", "must be even-horizontal, even-vertical, main-horizontal, main-vertical or tiled")
			}
		}
		if err := bad.orNil(); err != nil {
			return err
		}
		client := rec.on(r.tmux)
		if c.Name != nil {
			err = client.RenameWindow(ctx, rec.tmux, w, *c.Name)
		}
		if err == nil && c.Layout != nil {
			err = client.SelectLayout(ctx, rec.tmux, w, layout)
		}
		if err == nil && c.Select {
			err = client.SelectWindow(ctx, rec.tmux, w)
		}
		return err
	})
}

// KillWindow ends a window of the caller's session, and with the last one the
// session.
func (r *Registry) KillWindow(ctx context.Context, p Principal, id int64, window string) error {
	return r.kills(ctx, p, id, func(ctx context.Context, rec *record) error {
		w, err := rec.window(window)
		if err != nil {
			return err
		}
		return rec.on(r.tmux).KillWindow(ctx, rec.tmux, w)
	})
}

// window reads a window's id; what cannot be one is not there.
func (rec *record) window(id string) (controlmode.WindowID, error) {
	w, err := controlmode.ParseWindowID(id)
	if err != nil {
		return 0, ErrNotFound
	}
	return w, nil
}

// change does something to a running session of the caller's, and describes what
// it is then.
func (r *Registry) change(ctx context.Context, p Principal, id int64, do func(context.Context, *record) error) (Session, error) {
	rec, err := r.running(p, id)
	if err != nil {
		return Session{}, err
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	if err := r.changed(ctx, rec, do(ctx, rec)); err != nil {
		return Session{}, err
	}
	return r.describe(ctx, rec)
}

// changed notes that a session was changed, or explains why not.
func (r *Registry) changed(ctx context.Context, rec *record, err error) error {
	r.live.touched(rec.row.ID)
	if err == nil || isRefusal(err) {
		return err
	}
	return r.explain(ctx, rec, err, writing)
}

// kills is change for what may have been the last of the session.
func (r *Registry) kills(ctx context.Context, p Principal, id int64, do func(context.Context, *record) error) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	if err := r.changed(ctx, rec, do(ctx, rec)); err != nil {
		return err
	}
	// What is left of the session says whether it has ended; it is not needed
	// to answer.
	_, _ = r.describe(ctx, rec)
	return nil
}
