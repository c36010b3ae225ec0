package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// withEdit returns a row's settings after an Edit.
func withEdit(was db.Session, e session.Edit) db.SessionEdit {
	now := settings(was)
	if e.Name != nil {
		now.Name = *e.Name
	}
	if e.Width != 0 {
		now.Width = e.Width
	}
	if e.Height != 0 {
		now.Height = e.Height
	}
	if e.KeepAfterExit != nil {
		now.KeepAfterExit = *e.KeepAfterExit
	}
	now.Labels = session.EditedLabels(was.Labels, e.Labels)
	return now
}

// settings returns the settings of a row.
func settings(row db.Session) db.SessionEdit {
	return db.SessionEdit{Name: row.Name, Labels: row.Labels, Width: row.Width, Height: row.Height, KeepAfterExit: row.KeepAfterExit}
}

// Edit changes the caller's session and returns it: it applies all of e, or nothing. The
// tmux session keeps its own, generated name. A session that has ended can be renamed and
// labelled; other changes need tmux and fail with ErrEnded. Edit fails with ErrNotFound,
// ErrNotRunning, and with ErrNameTaken and *InvalidError as Create does. With
// ErrUnknownOutcome the session may have been resized.
func (r *Registry) Edit(ctx context.Context, p session.Principal, id int64, e session.Edit) (session.Session, error) {
	if _, err := r.records.find(p, id); err != nil {
		return session.Session{}, err
	}
	unlock, err := r.edits.lock(ctx, id)
	if err != nil {
		return session.Session{}, err
	}
	defer unlock()
	rec, err := r.editable(p, id, e)
	if err != nil {
		return session.Session{}, err
	}
	if !e.Empty() {
		// A caller who leaves must not leave half of the edit done.
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
		defer cancel()
		if err := r.edit(bounded, rec, e); err != nil {
			return session.Session{}, err
		}
	}
	return r.Get(ctx, p, id)
}

// editable returns the caller's record if e can be applied to it.
func (r *Registry) editable(p session.Principal, id int64, e session.Edit) (*record, error) {
	rec, err := r.records.find(p, id)
	switch {
	case err != nil:
		return nil, err
	case rec.status() == session.Starting:
		return nil, session.ErrNotRunning
	}
	if err := checkEdit(rec, e); err != nil {
		return nil, err
	}
	if e.ChangesTmux() {
		return r.running(p, id)
	}
	return rec, nil
}

func checkEdit(rec *record, e session.Edit) error {
	var bad session.InvalidError
	if e.Name != nil {
		checkName(*e.Name, &bad)
	}
	checkSize("width", e.Width, session.DefaultWidth, &bad)
	checkSize("height", e.Height, session.DefaultHeight, &bad)
	bad.CheckLabels(session.EditedLabels(rec.row.Labels, e.Labels))
	return bad.OrNil()
}

// edit changes the row first, since only the store knows whether a name is taken, and
// tmux after that. If tmux refuses, edit restores the row.
func (r *Registry) edit(ctx context.Context, rec *record, e session.Edit) error {
	if rec.unsaved { // the store still has it as running, and its name as taken
		if err := r.saveStatus(ctx, rec, rec.status()); err != nil {
			return err
		}
	}
	row, err := r.store.EditSession(ctx, rec.row.ID, withEdit(rec.row, e), r.opts.Now())
	if err != nil {
		r.reconcileSoon() // the row may have changed: see db.ErrUnavailable
		return editError(err)
	}
	if e.Resizes() {
		err = r.resizeWindow(ctx, rec, e.Width, e.Height)
	}
	if err == nil && e.KeepAfterExit != nil { // the row first: new windows take the setting from the record
		r.records.applyEdit(row)
		err = r.setRemainOnExit(ctx, rec, *e.KeepAfterExit)
	}
	if err == nil || errors.Is(err, session.ErrUnknownOutcome) {
		r.records.applyEdit(row)
		return err
	}
	if _, undo := r.store.EditSession(ctx, rec.row.ID, settings(rec.row), rec.row.ModifyTime); undo != nil {
		r.log.Error("put a session's row back", "session", rec.row.ID, "error", undo)
		r.reconcileSoon()
	} else {
		r.records.applyEdit(rec.row)
	}
	return err
}

// editError is storeError for an edit: a row that is not found was deleted meanwhile.
func editError(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return session.ErrNotFound
	}
	return storeError(err)
}

// resizeWindow resizes the current window of a running session. A width or height of 0
// stays as it is.
func (r *Registry) resizeWindow(ctx context.Context, rec *record, width, height int) error {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	err := rec.ref.Client(r.tmux).ResizeWindow(ctx, rec.ref.Tmux, width, height)
	r.live.Touch(rec.row.ID)
	if err != nil {
		return r.explain(ctx, rec, err, tmux.Writing)
	}
	return nil
}

// applyEdit copies the settings of an edited row into its record, and nothing else: the
// session may have ended meanwhile.
func (rs *records) applyEdit(row db.Session) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	was := rs.byID[row.ID]
	if was == nil {
		return
	}
	now := *was
	now.row.Name, now.row.Labels, now.row.ModifyTime = row.Name, row.Labels, row.ModifyTime
	now.row.Width, now.row.Height, now.row.KeepAfterExit = row.Width, row.Height, row.KeepAfterExit
	rs.set(&now)
}

// setRemainOnExit sets for each window whether its panes stay when their programs have
// ended.
func (r *Registry) setRemainOnExit(ctx context.Context, rec *record, keep bool) error {
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
		if err := client.SetRemainOnExit(ctx, rec.ref.Tmux, pane.Window, keep); err != nil && !errors.Is(err, controlmode.ErrNotFound) {
			return r.explain(ctx, rec, err, tmux.Writing)
		}
	}
	return nil
}
