package session

import (
	"context"
	"errors"

	"interplexer/db"
)

// Edit is a change of a session; the zero value changes nothing.
type Edit struct {
	Name   *string            // "": the generated one again
	Labels map[string]*string // changes; nil removes one (RFC 7396)
	Width  int                // of the current window, and of new ones; 0: as it is
	Height int
	// KeepAfterExit: see Session. Turned off, what has ended already stays until it
	// is killed or respawned.
	KeepAfterExit *bool
}

// nothing reports whether e leaves all as it is.
func (e Edit) nothing() bool {
	return e.Name == nil && len(e.Labels) == 0 && !e.changesTmux()
}

func (e Edit) resizes() bool { return e.Width != 0 || e.Height != 0 }

func (e Edit) changesTmux() bool { return e.resizes() || e.KeepAfterExit != nil }

// row is what the row becomes.
func (e Edit) row(was db.Session) db.SessionEdit {
	now := rowEdit(was)
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
	now.Labels = editedLabels(was.Labels, e.Labels)
	return now
}

// rowEdit is what leaves a row as it is.
func rowEdit(row db.Session) db.SessionEdit {
	return db.SessionEdit{Name: row.Name, Labels: row.Labels, Width: row.Width, Height: row.Height, KeepAfterExit: row.KeepAfterExit}
}

// Edit changes the caller's session and returns it: all of e, or nothing. The
// tmux session keeps its own, generated name. One that has ended can be renamed
// and labelled, but fails with ErrEnded for what tmux has a part in; ErrNameTaken
// and *InvalidError are as for Create. With ErrUnknownOutcome it may have been
// resized.
func (r *Registry) Edit(ctx context.Context, p Principal, id int64, e Edit) (Session, error) {
	if _, err := r.known.find(p, id); err != nil {
		return Session{}, err
	}
	release, err := r.edits.take(ctx, id)
	if err != nil {
		return Session{}, err
	}
	defer release()
	rec, err := r.editable(p, id, e)
	if err != nil {
		return Session{}, err
	}
	if !e.nothing() {
		// A caller that leaves must not leave half of it done.
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
		defer cancel()
		if err := r.edit(bounded, rec, e); err != nil {
			return Session{}, err
		}
	}
	return r.Get(ctx, p, id)
}

// editable finds what e can be done to.
func (r *Registry) editable(p Principal, id int64, e Edit) (*record, error) {
	rec, err := r.known.find(p, id)
	switch {
	case err != nil:
		return nil, err
	case rec.status() == Starting:
		return nil, ErrNotRunning
	}
	if err := checkEdit(rec, e); err != nil {
		return nil, err
	}
	if e.changesTmux() {
		return r.running(p, id)
	}
	return rec, nil
}

func checkEdit(rec *record, e Edit) error {
	var bad InvalidError
	if e.Name != nil {
		checkName(*e.Name, bad.complain)
	}
	checkSize("width", e.Width, defaultWidth, bad.complain)
	checkSize("height", e.Height, defaultHeight, bad.complain)
	checkLabels(editedLabels(rec.row.Labels, e.Labels), bad.complain)
	return bad.orNil()
}

// edit changes the row first, since only there can a name be taken, and then
// tmux; the row goes back to what it was if tmux refuses.
func (r *Registry) edit(ctx context.Context, rec *record, e Edit) error {
	if rec.unsaved { // to the store it is live, and its name not free
		if err := r.saveStatus(ctx, rec, rec.status()); err != nil {
			return err
		}
	}
	row, err := r.store.EditSession(ctx, rec.row.ID, e.row(rec.row), r.opts.Now())
	if err != nil {
		r.reconcileSoon() // it may have been written: see db.ErrUnavailable
		return editError(err)
	}
	if e.resizes() {
		err = r.resizeWindow(ctx, rec, e.Width, e.Height)
	}
	if err == nil && e.KeepAfterExit != nil { // the row first: a new window takes it from there
		r.known.amend(row)
		err = r.keepWindows(ctx, rec, *e.KeepAfterExit)
	}
	if err == nil || errors.Is(err, ErrUnknownOutcome) {
		r.known.amend(row)
		return err
	}
	if _, undo := r.store.EditSession(ctx, rec.row.ID, rowEdit(rec.row), rec.row.ModifyTime); undo != nil {
		r.log.Error("put a session's row back", "session", rec.row.ID, "error", undo)
		r.reconcileSoon()
	} else {
		r.known.amend(rec.row)
	}
	return err
}

// editError: a row that is gone was deleted meanwhile.
func editError(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return ErrNotFound
	}
	return storeError(err)
}

// resizeWindow gives a running session's current window a size; 0 leaves one as
// it is.
func (r *Registry) resizeWindow(ctx context.Context, rec *record, width, height int) error {
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	err := rec.on(r.tmux).ResizeWindow(ctx, rec.tmux, width, height)
	r.live.touched(rec.row.ID)
	if err != nil {
		return r.explain(ctx, rec, err, writing)
	}
	return nil
}

// amend takes over what an edit has changed of a row, and nothing else: the
// session may have ended meanwhile.
func (rs *records) amend(row db.Session) {
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
