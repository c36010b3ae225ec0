package session

import (
	"context"
	"errors"

	"interplexer/controlmode"
)

// NewPane describes a new pane beside another.
type NewPane struct {
	Program
	Pane       string // the one that is split; empty: the active one
	Side       string // where the new one is: "below", "above", "right" or "left"; empty: below
	Size       int    // lines, or columns of a pane at a side; 0: half
	Percent    bool   // Size is in percent
	Background bool   // the active pane stays what it is
}

// PaneChange says what is to become of a pane; nil or 0 leaves a thing as it is.
type PaneChange struct {
	Width, Height int
	Zoomed        *bool // fill the window
	Select        bool  // make it its window's active pane
}

var sides = map[string]controlmode.Side{
	"": controlmode.Below, "below": controlmode.Below, "above": controlmode.Above, "right": controlmode.Right, "left": controlmode.Left,
}

// SplitPane makes a pane in a session of the caller's and returns the session's
// windows and panes, and the new one's id. It fails with ErrNotFound, ErrEnded,
// ErrNoSpace, ErrNoResources, or an *InvalidError.
func (r *Registry) SplitPane(ctx context.Context, p Principal, id int64, n NewPane) (Session, string, error) {
	var made controlmode.PaneInfo
	one, err := r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		var bad InvalidError
		target, err := rec.target(n.Pane)
		bad.add(err)
		side, known := sides[n.Side]
		if !known {
			bad.complain("side", "must be below, above, right or left")
		}
		if n.Percent && (n.Size < 1 || n.Size > 99) {
			bad.complain("size", "must be from 1% to 99%")
		} else {
			checkSize("size", n.Size, 0, bad.complain)
		}
		options := r.checkProgram(rec, n.Program, bad.complain)
		if err := bad.orNil(); err != nil {
			return err
		}
		made, err = rec.on(r.tmux).SplitWindow(ctx, target, controlmode.SplitOptions{
			ProgramOptions: options, Side: side, Size: n.Size, Percent: n.Percent, Detached: n.Background,
		})
		return err
	})
	return one, made.Pane.String(), err
}

// ChangePane changes a pane of the caller's session; see SplitPane.
func (r *Registry) ChangePane(ctx context.Context, p Principal, id int64, pane string, c PaneChange) (Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		target, err := rec.pane(pane)
		if err != nil {
			return err
		}
		var bad InvalidError
		checkSize("width", c.Width, 0, bad.complain)
		checkSize("height", c.Height, 0, bad.complain)
		if err := bad.orNil(); err != nil {
			return err
		}
		client := rec.on(r.tmux)
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

// zoom makes a pane fill its window, or not. tmux can only toggle that: whoever
// does it at the same time may undo it.
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
	client := rec.on(r.tmux)
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

// SwapPanes makes two panes of the caller's session take each other's place.
func (r *Registry) SwapPanes(ctx context.Context, p Principal, id int64, pane, with string) (Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		one, err := rec.pane(pane)
		if err != nil {
			return err
		}
		other, err := rec.target(with)
		if err != nil || with == "" {
			return invalid("with", `is not a pane id such as "%5"`)
		}
		return rec.on(r.tmux).SwapPane(ctx, one, other)
	})
}

// KillPane ends a pane of the caller's session, with the last one its window, and
// with the last window the session.
func (r *Registry) KillPane(ctx context.Context, p Principal, id int64, pane string) error {
	return r.kills(ctx, p, id, func(ctx context.Context, rec *record) error {
		target, err := rec.pane(pane)
		if err != nil {
			return err
		}
		return rec.on(r.tmux).KillPane(ctx, target)
	})
}

// Respawn starts a program in a pane of the caller's session whose own has ended,
// the same again if program has no command; with kill, one that runs is ended
// first. An empty pane is the active one. It fails with ErrPaneAlive, and as
// SplitPane does.
func (r *Registry) Respawn(ctx context.Context, p Principal, id int64, pane string, kill bool, program Program) (Session, error) {
	return r.change(ctx, p, id, func(ctx context.Context, rec *record) error {
		var bad InvalidError
		options := r.checkProgram(rec, program, bad.complain)
		if err := bad.orNil(); err != nil {
			return err
		}
		one, err := r.paneOf(ctx, rec, pane)
		if err != nil {
			return err
		}
		return r.live.unheard(ctx, one, func() error {
			return rec.on(r.tmux).RespawnPane(ctx, controlmode.PaneOf(rec.tmux, one), kill, options)
		})
	})
}

// paneOf is one of the session's panes, the active one if id is empty.
func (r *Registry) paneOf(ctx context.Context, rec *record, id string) (controlmode.PaneID, error) {
	panes, err := rec.on(r.tmux).ListPanes(ctx, rec.tmux)
	if err != nil {
		return 0, err
	}
	for _, p := range panes {
		if p.Active && id == "" || p.Pane.String() == id {
			return p.Pane, nil
		}
	}
	return 0, ErrNotFound
}

// pane reads the id of a pane in a path; what cannot be one is not there.
func (rec *record) pane(id string) (controlmode.Target, error) {
	pane, err := controlmode.ParsePaneID(id)
	if err != nil {
		return controlmode.Target{}, ErrNotFound
	}
	return controlmode.PaneOf(rec.tmux, pane), nil
}

// isRefusal: an error of this package's own, which needs no explaining.
func isRefusal(err error) bool {
	bad := (*InvalidError)(nil)
	return errors.As(err, &bad) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrEnded)
}
