package registry

import (
	"context"
	"errors"

	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// keepWindows says of each window whether its panes stay when their programs have
// ended.
func (r *Registry) keepWindows(ctx context.Context, rec *record, keep bool) error {
	client := rec.ref.Client(r.tmux)
	panes, err := client.ListPanes(ctx, rec.ref.Tmux)
	if err != nil {
		return r.explain(ctx, rec, err, tmux.Reading)
	}
	done := map[controlmode.WindowID]bool{}
	for _, pane := range panes {
		if done[pane.Window] {
			continue
		}
		done[pane.Window] = true
		// A window may have closed meanwhile.
		if err := client.KeepPanes(ctx, rec.ref.Tmux, pane.Window, keep); err != nil && !errors.Is(err, controlmode.ErrNotFound) {
			return r.explain(ctx, rec, err, tmux.Writing)
		}
	}
	return nil
}
