package session

import (
	"context"
	"slices"

	"interplexer/controlmode"
)

// newWindows sorts out the panes of one session, and the windows that they are in.
func newWindows(details []controlmode.PaneDetail) (windows []Window, panes []Pane) {
	for _, d := range details {
		pane := newPane(d.PaneInfo)
		pane.PaneDetail = newPaneDetail(d)
		panes = append(panes, pane)
		if !slices.ContainsFunc(windows, func(w Window) bool { return w.ID == pane.Window }) {
			windows = append(windows, newWindow(d.In))
		}
	}
	return windows, panes
}

func newWindow(w controlmode.WindowDetail) Window {
	return Window{
		ID: w.Window.String(), Index: w.Index, Name: w.Name, Active: w.Active,
		Width: w.Width, Height: w.Height, Zoomed: w.Zoomed, Layout: w.Layout,
	}
}

func newPane(p controlmode.PaneInfo) Pane {
	return Pane{
		ID: p.Pane.String(), Window: p.Window.String(), Active: p.Active,
		Width: p.Width, Height: p.Height, PID: p.PID, Dead: p.Dead,
	}
}

func newPanes(infos []controlmode.PaneInfo) (panes []Pane) {
	for _, p := range infos {
		panes = append(panes, newPane(p))
	}
	return panes
}

func newPaneDetail(d controlmode.PaneDetail) *PaneDetail {
	detail := &PaneDetail{
		Index: d.Index, ActiveInWindow: d.ActiveInside, Left: d.Left, Top: d.Top,
		Title: d.Title, CurrentCommand: d.Command, CurrentPath: d.Path,
		Cursor:    PaneCursor{X: d.CursorX, Y: d.CursorY, Visible: d.CursorVisible},
		Alternate: d.Alternate, Mode: d.Mode, HistorySize: d.HistorySize,
	}
	switch {
	case !d.Dead:
	case d.Signal != 0:
		detail.Exit = &Exit{Code: 128 + d.Signal, Signal: d.Signal}
	case d.ExitStatus >= 0:
		detail.Exit = &Exit{Code: d.ExitStatus}
	}
	return detail
}

// describe asks tmux for all of a running record. How a program ended may be known
// a moment after it has.
func (r *Registry) describe(ctx context.Context, rec *record) (Session, error) {
	panes, err := rec.on(r.tmux).DescribePanes(ctx, rec.tmux)
	if err != nil {
		return Session{}, r.explain(ctx, rec, err, reading)
	}
	r.notice(rec, panes)
	if slices.ContainsFunc(panes, func(p controlmode.PaneDetail) bool { return p.Dead && p.ExitStatus < 0 && p.Signal == 0 }) {
		rec.server.AskForDead()
	}
	return rec.described(panes), nil
}

// Windows returns a running session of the caller's with its windows and panes.
// It fails with ErrNotFound and ErrEnded.
func (r *Registry) Windows(ctx context.Context, p Principal, id int64) (Session, error) {
	rec, err := r.running(p, id)
	if err != nil {
		return Session{}, err
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	return r.describe(ctx, rec)
}

// Window is one of the session's windows, and the panes in it.
func (s Session) Window(id string) (Window, []Pane, error) {
	i := slices.IndexFunc(s.Windows, func(w Window) bool { return w.ID == id })
	if i < 0 {
		return Window{}, nil, ErrNotFound
	}
	var panes []Pane
	for _, p := range s.Panes {
		if p.Window == id {
			panes = append(panes, p)
		}
	}
	return s.Windows[i], panes, nil
}

// Pane is one of the session's panes.
func (s Session) Pane(id string) (Pane, error) {
	i := slices.IndexFunc(s.Panes, func(p Pane) bool { return p.ID == id })
	if i < 0 {
		return Pane{}, ErrNotFound
	}
	return s.Panes[i], nil
}
