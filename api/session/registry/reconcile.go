package registry

import (
	"context"
	"errors"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// Reconcile makes rows and tmux agree: rows whose session is gone become
// exited or lost, rows that a crash left starting get their session or go,
// sessions of ours without a row are adopted. It blocks until done; with an
// error some of it is still to do.
func (r *Registry) Reconcile(ctx context.Context) error {
	r.reconciling.Lock()
	defer r.reconciling.Unlock()
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	if err := r.load(ctx); err != nil {
		return err
	}
	// The records come first: a session that is in one of them by now and not
	// in the later list has ended.
	records, pending := r.known.snapshot()
	on, list, err := r.listSessions(ctx)
	if err != nil {
		return tmux.Translate(err, tmux.Reading)
	}
	return r.compare(ctx, on, records, pending, list)
}

// load deletes the rows that are overdue and reads the others.
func (r *Registry) load(ctx context.Context) error {
	for _, id := range r.known.overdue() {
		if err := r.store.DeleteSession(ctx, id); err != nil && !errors.Is(err, db.ErrNotFound) {
			return storeError(err)
		}
		r.known.forget(id, false)
	}
	mark := r.known.mark()
	rows, err := r.store.SessionsOnServer(ctx, r.opts.Server)
	if err != nil {
		return storeError(err)
	}
	r.known.merge(rows, mark)
	return nil
}

// listSessions lists what the tmux server of now has.
func (r *Registry) listSessions(ctx context.Context) (controlmode.ServerID, []controlmode.SessionInfo, error) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	for {
		on, err := r.tmux.Current(ctx)
		if err != nil {
			return on, nil, err
		}
		list, err := r.tmux.On(on).ListSessions(ctx, identityOption)
		if errors.Is(err, controlmode.ErrServerGone) { // between the two lines
			continue
		}
		return on, list, err
	}
}

// compare goes through the records, then through what tmux has beside them. It
// ends early when tmux or the store is unavailable: each further step would
// only wait for the same.
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
		held, has := byUID[rec.row.UID]
		if errs = append(errs, r.mend(ctx, on, rec, held, has)); errors.Is(errs[len(errs)-1], session.ErrUnavailable) {
			return errors.Join(errs...)
		}
	}
	r.forgetIgnored(on, present)
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

// mend repairs a record whose session is not where the record says. held is
// the session that carries its identity, if tmux has one.
func (r *Registry) mend(ctx context.Context, on controlmode.ServerID, rec *record, held controlmode.SessionInfo, has bool) error {
	switch {
	case has:
		return r.found(ctx, on, rec, held)
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

// found points a record at the session that carries its identity.
func (r *Registry) found(ctx context.Context, on controlmode.ServerID, rec *record, held controlmode.SessionInfo) error {
	row, err := r.store.StartSession(ctx, rec.row.ID, r.opts.Server, on.String(), held.ID.String(), r.opts.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil // deleted meanwhile
	case errors.Is(err, db.ErrConflict):
		r.ignore(on, held, "its owner has given its name to another")
		return nil
	case err != nil:
		return storeError(err)
	}
	r.known.replace(rec, row)
	r.log.Info("session found again", "session", row.ID, "tmux", held.ID.String())
	return nil
}

// saveStatus records how a session ended, in memory even if the store fails.
func (r *Registry) saveStatus(ctx context.Context, rec *record, status session.Status) error {
	rec, _ = r.known.setEnded(rec, status)
	r.forgetRunning(rec.row.ID)
	if !rec.unsaved {
		return nil // deleted or found again meanwhile
	}
	row, err := r.store.SetSessionStatus(ctx, rec.row.ID, rec.row.Status, r.opts.Now())
	if errors.Is(err, db.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return storeError(err)
	}
	r.known.replace(rec, row)
	r.log.Info("session ended", "session", rec.row.ID, "status", rec.row.Status)
	return nil
}
