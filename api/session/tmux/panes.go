package tmux

import (
	"interplexer/api/session"
	"interplexer/controlmode"
)

// Pane converts a pane of controlmode.
func Pane(p controlmode.PaneInfo) session.Pane {
	return session.Pane{
		ID: p.Pane.String(), Window: p.Window.String(), Active: p.Active,
		Width: p.Width, Height: p.Height, PID: p.PID, Dead: p.Dead,
	}
}

// Panes converts panes of controlmode.
func Panes(infos []controlmode.PaneInfo) (panes []session.Pane) {
	for _, p := range infos {
		panes = append(panes, Pane(p))
	}
	return panes
}
