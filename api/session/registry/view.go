package registry

import (
	"context"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/tmux"
)

// Screen returns the screen of a pane of the caller's session: exactly the pane's lines as
// tmux has them. They were captured after Screen was called, or have not changed since, as
// far as tmux reports changes. Screen fails with ErrNotFound for an unknown session or
// pane, with ErrEnded for one that has ended, and with an InvalidError for options that do
// not go together.
func (r *Registry) Screen(ctx context.Context, p session.Principal, id int64, o session.CaptureOptions) (session.Snapshot, error) {
	if err := o.Check(); err != nil {
		return session.Snapshot{}, err
	}
	rec, err := r.running(p, id)
	if err != nil {
		return session.Snapshot{}, err
	}
	return r.live.Screen(ctx, rec.ref, o)
}

// View returns a Viewer of a pane of the caller's session, the active pane if pane is
// empty. It fails as Screen does, and with ErrTooManyHeld. The caller closes the Viewer.
func (r *Registry) View(ctx context.Context, p session.Principal, id int64, pane string) (*live.Viewer, error) {
	return r.ViewAs(ctx, p, id, session.CaptureOptions{Pane: pane})
}

// ViewAs is View for one format of the screen, whose changes wake the Viewer.
func (r *Registry) ViewAs(ctx context.Context, p session.Principal, id int64, o session.CaptureOptions) (*live.Viewer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	rec, err := r.running(p, id)
	if err != nil {
		return nil, err
	}
	if _, err := rec.ref.Target(o.Pane); err != nil {
		return nil, err
	}
	if err := r.held.acquire(p.UserID, r.opts.Held); err != nil {
		return nil, err
	}
	return r.live.View(ctx, source{r, p, id}, o, func() { r.held.release(p.UserID) })
}

// source is a caller's session, for a Viewer.
type source struct {
	registry  *Registry
	principal session.Principal
	id        int64
}

func (s source) Ref() (tmux.Ref, error) {
	rec, err := s.registry.running(s.principal, s.id)
	if err != nil {
		return tmux.Ref{}, err
	}
	return rec.ref, nil
}

func (s source) Panes(ctx context.Context) ([]session.Pane, error) {
	one, err := s.registry.Get(ctx, s.principal, s.id)
	return one.Panes, err
}

// PaneID returns the id of a pane as callers name it: pane itself, or the id of the active
// pane if pane is empty. A caller who goes on needs the id, since another pane may be
// active later.
func (r *Registry) PaneID(ctx context.Context, p session.Principal, id int64, pane string) (string, error) {
	rec, err := r.running(p, id)
	if err != nil || pane != "" {
		return pane, err
	}
	if active := r.live.ActivePane(rec.ref); active != "" {
		return active, nil
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
		return "", &session.EndedError{Status: s.Status}
	}
	return "", session.ErrUnavailable // no pane is active for a moment: try again
}
