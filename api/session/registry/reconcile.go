package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// Reconcile makes rows and tmux agree. A row whose session is gone becomes exited or lost.
// A row that a crash left starting gets its session, or is deleted. A session of ours
// without a row is adopted. Reconcile blocks until done, one call at a time. When it fails,
// the next call does the rest.
func (r *Registry) Reconcile(ctx context.Context) error {
	r.reconciling.Lock()
	defer r.reconciling.Unlock()
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	if err := r.load(ctx); err != nil {
		return err
	}
	// The records come first: a session that has a record now, and is not in the later
	// list, has ended.
	records, pending := r.records.snapshot()
	on, list, err := r.listSessions(ctx)
	if err != nil {
		return tmux.Translate(err, tmux.Reading)
	}
	return r.compare(ctx, on, records, pending, list)
}

// load deletes the rows that could not be deleted before, and reads the others.
func (r *Registry) load(ctx context.Context) error {
	for _, id := range r.records.rowsToDelete() {
		if err := r.store.DeleteSession(ctx, id); err != nil && !errors.Is(err, db.ErrNotFound) {
			return storeError(err)
		}
		r.records.forget(id, false)
	}
	before := r.records.changeCount()
	rows, err := r.store.SessionsOnServer(ctx, r.opts.Server)
	if err != nil {
		return storeError(err)
	}
	r.records.merge(rows, before)
	return nil
}

// listSessions returns the current tmux server and its sessions.
func (r *Registry) listSessions(ctx context.Context) (controlmode.ServerID, []controlmode.SessionInfo, error) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	for {
		on, err := r.tmux.Current(ctx)
		if err != nil {
			return on, nil, err
		}
		list, err := r.tmux.On(on).ListSessions(ctx, identityOption)
		if errors.Is(err, controlmode.ErrServerGone) { // since Current
			continue
		}
		return on, list, err
	}
}

// compare repairs the records that do not agree with tmux's list of sessions, and adopts
// the sessions that have no record. It stops when tmux or the store is unavailable, since
// each further step would wait for the same. pending are the uids that are being created.
func (r *Registry) compare(ctx context.Context, on controlmode.ServerID, records map[int64]*record, pending map[string]bool, list []controlmode.SessionInfo) error {
	present := map[controlmode.SessionID]bool{}
	byUID := map[string]controlmode.SessionInfo{}
	for _, s := range list {
		present[s.ID] = true
		if uid, _, ok := parseIdentity(s.Option); ok {
			byUID[uid] = s
		}
	}
	var errs []error
	known := map[string]bool{}
	for _, rec := range records {
		known[rec.row.UID] = true
		if _, creating := pending[rec.row.UID]; creating || rec.status() == session.Running && rec.ref.Server == on && present[rec.ref.Tmux] {
			continue
		}
		s, exists := byUID[rec.row.UID]
		if errs = append(errs, r.repair(ctx, on, rec, s, exists)); errors.Is(errs[len(errs)-1], session.ErrUnavailable) {
			return errors.Join(errs...)
		}
	}
	r.forgetWarned(on, present)
	for _, s := range list {
		uid, _, _ := parseIdentity(s.Option)
		if _, creating := pending[uid]; creating || known[uid] || controlmode.IsAnchor(s.Name) {
			continue
		}
		if errs = append(errs, r.adopt(ctx, on, s)); errors.Is(errs[len(errs)-1], session.ErrUnavailable) {
			break
		}
	}
	return errors.Join(errs...)
}

// repair repairs a record that does not agree with tmux. s is the session that carries
// the record's identity, if one exists.
func (r *Registry) repair(ctx context.Context, on controlmode.ServerID, rec *record, s controlmode.SessionInfo, exists bool) error {
	switch {
	case exists:
		return r.rebind(ctx, on, rec, s)
	case rec.status() == session.Starting:
		r.log.Info("session was never started, its row goes", "session", rec.row.ID)
		r.discard(ctx, rec.row)
	case rec.status() == session.Running && rec.ref.Server == on:
		return r.saveStatus(ctx, rec, session.Exited)
	case rec.status() == session.Running:
		return r.saveStatus(ctx, rec, session.Lost)
	case rec.unsaved:
		return r.saveStatus(ctx, rec, rec.status())
	}
	return nil
}

// rebind points a record at the session that carries its identity.
func (r *Registry) rebind(ctx context.Context, on controlmode.ServerID, rec *record, s controlmode.SessionInfo) error {
	row, err := r.store.StartSession(ctx, rec.row.ID, r.opts.Server, on.String(), s.ID.String(), r.opts.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil // deleted meanwhile
	case errors.Is(err, db.ErrConflict):
		r.warnOnce(on, s, "its owner has given its name to another")
		return nil
	case err != nil:
		return storeError(err)
	}
	r.records.replace(rec, row)
	r.log.Info("session found again", "session", row.ID, "tmux", s.ID.String())
	return nil
}

// saveStatus records the end of a session: in memory, even if the store fails, and in the
// store.
func (r *Registry) saveStatus(ctx context.Context, rec *record, status session.Status) error {
	rec, _ = r.records.setEnded(rec, status)
	r.forgetRunning(rec.row.ID)
	if !rec.unsaved {
		return nil // deleted or rebound meanwhile
	}
	row, err := r.store.SetSessionStatus(ctx, rec.row.ID, rec.row.Status, r.opts.Now())
	if errors.Is(err, db.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return storeError(err)
	}
	r.records.replace(rec, row)
	r.log.Info("session ended", "session", rec.row.ID, "status", rec.row.Status)
	return nil
}
