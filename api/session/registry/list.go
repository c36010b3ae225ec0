package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// paneList is every pane of one tmux server.
type paneList struct {
	on        controlmode.ServerID
	bySession map[controlmode.SessionID][]controlmode.PaneInfo
	began     time.Time // when tmux was asked for it
	changes   uint64    // controlmode.Server.Changes at that time
	// generation is Registry.listGeneration at that time.
	generation uint64
}

// List returns the caller's sessions in the order of their ids. Changes of their panes
// that tmux does not report may be missing for listMaxAge.
func (r *Registry) List(ctx context.Context, p session.Principal) ([]session.Session, error) {
	// The records come first: a session that has a record now, and no pane in the later
	// list, has ended.
	owned, running := r.records.owned(p)
	var panes paneList
	if running {
		ctx, cancel := tmux.Context(ctx)
		defer cancel()
		var err error
		if panes, err = r.allPanes(ctx); err != nil {
			return nil, tmux.Translate(err, tmux.Reading)
		}
	}
	list := make([]session.Session, len(owned))
	for i, rec := range owned {
		if rec.status() == session.Running {
			rec = r.compareWithList(rec, panes)
		}
		list[i] = rec.session(panes.of(rec))
	}
	return list, nil
}

// compareWithList marks a running record as ended if a later list of panes does not have
// its session. It returns the newest record.
func (r *Registry) compareWithList(rec *record, panes paneList) *record {
	switch {
	case rec.ref.Server != panes.on:
		return r.markEnded(rec, session.Lost)
	case panes.of(rec) == nil:
		return r.markEnded(rec, session.Exited)
	}
	return rec
}

// of returns the panes of a running record; nil: the list has none.
func (l paneList) of(rec *record) []controlmode.PaneInfo {
	if rec.status() != session.Running || rec.ref.Server != l.on {
		return nil
	}
	return l.bySession[rec.ref.Tmux]
}

// allPanes returns the newest list of the panes of all sessions if it is current, and asks
// tmux otherwise.
func (r *Registry) allPanes(ctx context.Context) (paneList, error) {
	list := r.list.Load()
	if list != nil && r.opts.Now().Sub(list.began) < listMaxAge && list.generation == r.listGeneration.Load() && list.changes == r.tmux.Changes(ctx) {
		return *list, nil
	}
	return r.lists.Do(ctx, r.listPanes)
}

// dropOlderList drops the newest list if the panes of a session, which tmux has just
// described, differ from it. So a caller who has seen these panes never gets an older list.
func (r *Registry) dropOlderList(rec *record, panes []controlmode.PaneDetail) {
	list := r.list.Load()
	if list == nil || !slices.EqualFunc(list.of(rec), panes, func(p controlmode.PaneInfo, d controlmode.PaneDetail) bool { return p == d.PaneInfo }) {
		r.listGeneration.Add(1)
	}
}

// listPanes asks tmux for the panes of all sessions. Its calls are shared (see flight), so
// it has a timeout of its own.
func (r *Registry) listPanes(ctx context.Context) (paneList, error) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	for {
		list := paneList{bySession: map[controlmode.SessionID][]controlmode.PaneInfo{}, changes: r.tmux.Changes(ctx), generation: r.listGeneration.Load(), began: r.opts.Now()}
		on, err := r.tmux.Current(ctx)
		if err != nil {
			return paneList{}, err
		}
		all, err := r.tmux.On(on).ListAllPanes(ctx)
		if errors.Is(err, controlmode.ErrServerGone) { // since Current
			continue
		}
		if err != nil {
			return paneList{}, err
		}
		list.on = on
		for _, pane := range all {
			list.bySession[pane.Session] = append(list.bySession[pane.Session], pane)
		}
		r.list.Store(&list)
		return list, nil
	}
}

// Page returns the caller's sessions that match the options.
func (r *Registry) Page(ctx context.Context, p session.Principal, o session.PageOptions) (session.Page, error) {
	all, err := r.List(ctx, p)
	if err != nil {
		return session.Page{}, err
	}
	found := slices.DeleteFunc(all, func(s session.Session) bool { return !matches(o, s) })
	if o.Limit > 0 && len(found) > o.Limit {
		return session.Page{Sessions: found[:o.Limit], More: true}, nil
	}
	return session.Page{Sessions: found}, nil
}

// matches reports whether a session matches the options.
func matches(o session.PageOptions, s session.Session) bool {
	if s.ID <= o.After || len(o.Status) > 0 && !slices.Contains(o.Status, s.Status) {
		return false
	}
	for name, value := range o.Labels {
		if v, ok := s.Labels[name]; !ok || v != value {
			return false
		}
	}
	return true
}
