package registry

import (
	"context"

	"interplexer/api/session"
	"interplexer/controlmode"
)

var sides = map[string]controlmode.Side{
	"": controlmode.Below, "below": controlmode.Below, "above": controlmode.Above, "right": controlmode.Right, "left": controlmode.Left,
}

// SplitPane splits a pane of the caller's session. It returns the session with its windows
// and panes, and the id of the new pane. It fails with ErrNotFound, ErrEnded, ErrNoSpace,
// ErrNoResources, or an *InvalidError.
func (r *Registry) SplitPane(ctx context.Context, p session.Principal, id int64, n session.NewPane) (session.Session, string, error) {
	var created controlmode.PaneInfo
	one, err := r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		var bad session.InvalidError
		target, err := rec.ref.Target(n.Pane)
		bad.Add(err)
		side, known := sides[n.Side]
		if !known {
			bad.Complain("side", "must be below, above, right or left")
		}
		if n.Percent && (n.Size < 1 || n.Size > 99) {
			bad.Complain("size", "must be from 1% to 99%")
		} else {
			checkSize("size", n.Size, 0, &bad)
		}
		options := r.checkProgram(rec, n.Program, &bad)
		if err := bad.OrNil(); err != nil {
			return err
		}
		created, err = rec.ref.Client(r.tmux).SplitWindow(ctx, target, controlmode.SplitOptions{
			ProgramOptions: options, Side: side, Size: n.Size, Percent: n.Percent, Detached: n.Background,
		})
		return err
	})
	return one, created.Pane.String(), err
}

// ChangePane selects, resizes or zooms a pane of the caller's session. It returns the
// session and fails as SplitPane does.
func (r *Registry) ChangePane(ctx context.Context, p session.Principal, id int64, pane string, c session.PaneChange) (session.Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		target, err := rec.pane(pane)
		if err != nil {
			return err
		}
		var bad session.InvalidError
		checkSize("width", c.Width, 0, &bad)
		checkSize("height", c.Height, 0, &bad)
		if err := bad.OrNil(); err != nil {
			return err
		}
		client := rec.ref.Client(r.tmux)
		if c.Select {
			err = client.SelectPane(ctx, target)
		}
		if err == nil && (c.Width > 0 || c.Height > 0) {
			err = client.ResizePane(ctx, target, c.Width, c.Height)
		}
		if err == nil && c.Zoomed != nil {
			err = r.zoom(ctx, rec, pane, target, *c.Zoomed)
		}
		return err
	})
}

// zoom makes a pane fill its window, or undoes that. tmux can only toggle the zoom, so
// somebody who zooms at the same time may undo it.
func (r *Registry) zoom(ctx context.Context, rec *record, id string, target controlmode.Target, zoomed bool) error {
	now, err := r.describe(ctx, rec)
	if err != nil {
		return err
	}
	pane, err := now.Pane(id)
	if err != nil {
		return err
	}
	window, _, err := now.Window(pane.Window)
	if err != nil {
		return err
	}
	client := rec.ref.Client(r.tmux)
	if window.Zoomed == zoomed && (pane.ActiveInWindow || !zoomed) {
		return nil
	}
	if window.Zoomed && zoomed { // another pane fills the window
		if err := client.SelectPane(ctx, target); err != nil {
			return err
		}
	}
	return client.ToggleZoom(ctx, target)
}

// SwapPanes swaps the places of two panes of the caller's session. It returns the session
// and fails as SplitPane does.
func (r *Registry) SwapPanes(ctx context.Context, p session.Principal, id int64, pane, with string) (session.Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		one, err := rec.pane(pane)
		if err != nil {
			return err
		}
		other, err := rec.ref.Target(with)
		if err != nil || with == "" {
			return session.Invalid("with", `is not a pane id such as "%5"`)
		}
		return rec.ref.Client(r.tmux).SwapPane(ctx, one, other)
	})
}

// KillPane ends a pane of the caller's session. The last pane of a window ends the window,
// and the last window ends the session.
func (r *Registry) KillPane(ctx context.Context, p session.Principal, id int64, pane string) error {
	return r.changeMayEnd(ctx, p, id, func(ctx context.Context, rec *record) error {
		target, err := rec.pane(pane)
		if err != nil {
			return err
		}
		return rec.ref.Client(r.tmux).KillPane(ctx, target)
	})
}

// Respawn starts a program in a pane of the caller's session whose program has ended. If
// program has no command, it starts the same program again. With kill, it ends a
// program that still runs first. An empty pane is the active one. It fails with
// ErrPaneAlive, and as SplitPane does.
func (r *Registry) Respawn(ctx context.Context, p session.Principal, id int64, pane string, kill bool, program session.Program) (session.Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		var bad session.InvalidError
		options := r.checkProgram(rec, program, &bad)
		if err := bad.OrNil(); err != nil {
			return err
		}
		one, err := r.paneOf(ctx, rec, pane)
		if err != nil {
			return err
		}
		return r.live.WithPaused(ctx, one, func() error {
			return rec.ref.Client(r.tmux).RespawnPane(ctx, controlmode.PaneOf(rec.ref.Tmux, one), kill, options)
		})
	})
}

// paneOf returns the id of one of the session's panes, the active one if id is empty.
func (r *Registry) paneOf(ctx context.Context, rec *record, id string) (controlmode.PaneID, error) {
	panes, err := rec.ref.Client(r.tmux).ListPanes(ctx, rec.ref.Tmux)
	if err != nil {
		return 0, err
	}
	for _, p := range panes {
		if p.Active && id == "" || p.Pane.String() == id {
			return p.Pane, nil
		}
	}
	return 0, session.ErrNotFound
}
