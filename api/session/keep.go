package session

import (
	"context"
	"errors"

	"interplexer/controlmode"
	"interplexer/db"
)

// Keep says whether the panes of the caller's session stay when their programs
// have ended: see Session.KeepAfterExit. Turned off, what has ended already stays
// until it is killed or respawned. It fails with ErrNotFound and ErrEnded.
func (r *Registry) Keep(ctx context.Context, p Principal, id int64, keep bool) error {
	rec, err := r.running(p, id)
	if err != nil {
		return err
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	// The row first: a window that is made meanwhile takes it from there.
	row, err := r.store.SetKeepAfterExit(ctx, id, keep, r.opts.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
		return ErrNotFound
	case err != nil:
		return storeError(err)
	}
	r.known.replace(rec, row)
	return r.changed(ctx, rec, r.keepWindows(ctx, rec, keep))
}

func (r *Registry) keepWindows(ctx context.Context, rec *record, keep bool) error {
	client := rec.on(r.tmux)
	panes, err := client.ListPanes(ctx, rec.tmux)
	if err != nil {
		return err
	}
	done := map[controlmode.WindowID]bool{}
	for _, pane := range panes {
		if done[pane.Window] {
			continue
		}
		done[pane.Window] = true
		// A window may have closed meanwhile.
		if err := client.KeepPanes(ctx, rec.tmux, pane.Window, keep); err != nil && !errors.Is(err, controlmode.ErrNotFound) {
			return err
		}
	}
	return nil
}
