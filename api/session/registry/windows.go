package registry

import (
	"context"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// CreateWindow makes a window in the caller's session. It returns the session with its
// windows and panes, and the id of the new window. It fails with ErrNotFound, ErrEnded,
// ErrNoResources, or an *InvalidError.
func (r *Registry) CreateWindow(ctx context.Context, p session.Principal, id int64, n session.NewWindow) (session.Session, string, error) {
	var created controlmode.PaneInfo
	one, err := r.change(ctx, p, id, func(ctx context.Context, rec *record) (err error) {
		var bad session.InvalidError
		checkWindowName(n.Name, &bad)
		options := r.checkProgram(rec, n.Program, &bad)
		if err := bad.OrNil(); err != nil {
			return err
		}
		created, err = rec.ref.Client(r.tmux).NewWindow(ctx, rec.ref.Tmux, controlmode.NewWindowOptions{
			ProgramOptions: options, Name: n.Name, Detached: n.Background, RemainOnExit: rec.row.KeepAfterExit,
		})
		return err
	})
	return one, created.Window.String(), err
}

// ChangeWindow renames, arranges or selects a window of the caller's session. It returns the
// session and fails as CreateWindow does.
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

// KillWindow ends a window of the caller's session. The last window ends the session.
func (r *Registry) KillWindow(ctx context.Context, p session.Principal, id int64, window string) error {
	return r.changeMayEnd(ctx, p, id, func(ctx context.Context, rec *record) error {
		w, err := rec.window(window)
		if err != nil {
			return err
		}
		return rec.ref.Client(r.tmux).KillWindow(ctx, rec.ref.Tmux, w)
	})
}

// change runs do on a running session of the caller's, and describes the session after
// that.
func (r *Registry) change(ctx context.Context, p session.Principal, id int64, do func(context.Context, *record) error) (session.Session, error) {
	rec, err := r.running(p, id)
	if err != nil {
		return session.Session{}, err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	if err := r.finishChange(ctx, rec, do(ctx, rec)); err != nil {
		return session.Session{}, err
	}
	return r.describe(ctx, rec)
}

// finishChange notes that a session may have changed, and explains the error of the change,
// if there is one.
func (r *Registry) finishChange(ctx context.Context, rec *record, err error) error {
	r.live.Touch(rec.row.ID)
	if err == nil || isDomainError(err) {
		return err
	}
	return r.explain(ctx, rec, err, tmux.Writing)
}

// changeMayEnd is change for a change that may have ended the session.
func (r *Registry) changeMayEnd(ctx context.Context, p session.Principal, id int64, do func(context.Context, *record) error) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	if err := r.finishChange(ctx, rec, do(ctx, rec)); err != nil {
		return err
	}
	// This notes the end of the session if it has ended. The response does not need the
	// description.
	_, _ = r.describe(ctx, rec)
	return nil
}
