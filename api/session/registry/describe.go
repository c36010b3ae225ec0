package registry

import (
	"context"
	"slices"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// newWindows returns the windows and the panes of one session.
func newWindows(details []controlmode.PaneDetail) (windows []session.Window, panes []session.Pane) {
	for _, d := range details {
		pane := tmux.Pane(d.PaneInfo)
		pane.PaneDetail = newPaneDetail(d)
		panes = append(panes, pane)
		if !slices.ContainsFunc(windows, func(w session.Window) bool { return w.ID == pane.Window }) {
			windows = append(windows, newWindow(d.In))
		}
	}
	return windows, panes
}

func newWindow(w controlmode.WindowDetail) session.Window {
	return session.Window{
		ID: w.Window.String(), Index: w.Index, Name: w.Name, Active: w.Active,
		Width: w.Width, Height: w.Height, Zoomed: w.Zoomed, Layout: w.Layout,
	}
}

func newPaneDetail(d controlmode.PaneDetail) *session.PaneDetail {
	detail := &session.PaneDetail{
		Index: d.Index, ActiveInWindow: d.ActiveInside, Left: d.Left, Top: d.Top,
		Title: d.Title, CurrentCommand: d.Command, CurrentPath: d.Path,
		Cursor:    session.PaneCursor{X: d.CursorX, Y: d.CursorY, Visible: d.CursorVisible},
		Alternate: d.Alternate, Mode: d.Mode, HistorySize: d.HistorySize,
	}
	switch {
	case !d.Dead:
	case d.Signal != 0:
		detail.Exit = &session.Exit{Code: 128 + d.Signal, Signal: d.Signal}
	case d.ExitStatus >= 0:
		detail.Exit = &session.Exit{Code: d.ExitStatus}
	}
	return detail
}

// describe asks tmux for all windows and panes of a running record. tmux may know a
// program's exit code only a moment after the program has ended.
func (r *Registry) describe(ctx context.Context, rec *record) (session.Session, error) {
	panes, err := rec.ref.Client(r.tmux).DescribePanes(ctx, rec.ref.Tmux)
	if err != nil {
		return session.Session{}, r.explain(ctx, rec, err, tmux.Reading)
	}
	r.dropOlderList(rec, panes)
	if slices.ContainsFunc(panes, func(p controlmode.PaneDetail) bool { return p.Dead && p.ExitStatus < 0 && p.Signal == 0 }) {
		controlmode.ReapChildren(rec.ref.Server)
	}
	return rec.described(panes), nil
}

// Windows returns a running session of the caller's with its windows and panes.
// It fails with ErrNotFound and ErrEnded.
func (r *Registry) Windows(ctx context.Context, p session.Principal, id int64) (session.Session, error) {
	rec, err := r.running(p, id)
	if err != nil {
		return session.Session{}, err
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	return r.describe(ctx, rec)
}
