package registry

import (
	"context"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// CreateWindow makes a window in a session of the caller's and returns the
// session's windows and panes, and the new one's id. It fails with ErrNotFound,
// ErrEnded, ErrNoResources, or an *InvalidError.
func (r *Registry) CreateWindow(ctx context.Context, p session.Principal, id int64, n session.NewWindow) (session.Session, string, error) {
	var made controlmode.PaneInfo
	one, err := r.change(ctx, p, id, func(ctx context.Context, rec *record) (err error) {
		var bad session.InvalidError
		checkWindowName(n.Name, &bad)
		options := r.checkProgram(rec, n.Program, &bad)
		if err := bad.OrNil(); err != nil {
			return err
		}
		made, err = rec.ref.Client(r.tmux).NewWindow(ctx, rec.ref.Tmux, controlmode.NewWindowOptions{
			ProgramOptions: options, Name: n.Name, Detached: n.Background, RemainOnExit: rec.row.KeepAfterExit,
		})
		return err
	})
	return one, made.Window.String(), err
}

// ChangeWindow changes a window of the caller's session; see CreateWindow.
func (r *Registry) ChangeWindow(ctx context.Context, p session.Principal, id int64, window string, c session.WindowChange) (session.Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		w, err := rec.window(window)
		if err != nil {
			return err
		}
		var bad session.InvalidError
		var layout controlmode.Layout
		if c.Name != nil {
			if *c.Name == "" {
				bad.Complain("name", "is empty")
			}
			checkWindowName(*c.Name, &bad)
		}
		if c.Layout != nil {
			if layout, err = controlmode.ParseLayout(*c.Layout); err != nil {
				bad.Complain("layout", "must be even-horizontal, even-vertical, main-horizontal, main-vertical or tiled")
			}
		}
		if err := bad.OrNil(); err != nil {
			return err
		}
		client := rec.ref.Client(r.tmux)
		if c.Name != nil {
			err = client.RenameWindow(ctx, rec.ref.Tmux, w, *c.Name)
		}
		if err == nil && c.Layout != nil {
			err = client.SelectLayout(ctx, rec.ref.Tmux, w, layout)
		}
		if err == nil && c.Select {
			err = client.SelectWindow(ctx, rec.ref.Tmux, w)
		}
		return err
	})
}

// KillWindow ends a window of the caller's session, and with the last one the
// session.
func (r *Registry) KillWindow(ctx context.Context, p session.Principal, id int64, window string) error {
	return r.changeMaybeLast(ctx, p, id, func(ctx context.Context, rec *record) error {
		w, err := rec.window(window)
		if err != nil {
			return err
		}
		return rec.ref.Client(r.tmux).KillWindow(ctx, rec.ref.Tmux, w)
	})
}

// change does something to a running session of the caller's, and describes what
// it is then.
func (r *Registry) change(ctx context.Context, p session.Principal, id int64, do func(context.Context, *record) error) (session.Session, error) {
	rec, err := r.running(p, id)
	if err != nil {
		return session.Session{}, err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	if err := r.changed(ctx, rec, do(ctx, rec)); err != nil {
		return session.Session{}, err
	}
	return r.describe(ctx, rec)
}

// changed notes that a session was changed, or explains why not.
func (r *Registry) changed(ctx context.Context, rec *record, err error) error {
	r.live.Touch(rec.row.ID)
	if err == nil || isOwn(err) {
		return err
	}
	return r.explain(ctx, rec, err, tmux.Writing)
}

// changeMaybeLast is change for what may have been the last of the session.
func (r *Registry) changeMaybeLast(ctx context.Context, p session.Principal, id int64, do func(context.Context, *record) error) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	if err := r.changed(ctx, rec, do(ctx, rec)); err != nil {
		return err
	}
	// What is left of the session says whether it has ended; it is not needed
	// to answer.
	_, _ = r.describe(ctx, rec)
	return nil
}
