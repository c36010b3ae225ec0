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
	began     time.Time // when it was asked for
	changes   uint64    // the Server's at that time
	newer     uint64    // the Registry's at that time
}

// List returns the caller's sessions in the order of their ids. What tmux does not
// tell of their panes may be listMaxAge late.
func (r *Registry) List(ctx context.Context, p session.Principal) ([]session.Session, error) {
	// The records come first: a session that is in one of them by now and has
	// no pane in the later list has ended.
	owned, running := r.known.owned(p)
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

// compareWithList is a running record as a later list of panes shows it.
func (r *Registry) compareWithList(rec *record, panes paneList) *record {
	switch {
	case rec.ref.Server != panes.on:
		return r.markEnded(rec, session.Lost)
	case panes.of(rec) == nil:
		return r.markEnded(rec, session.Exited)
	}
	return rec
}

// of are the panes of a running record.
func (l paneList) of(rec *record) []controlmode.PaneInfo {
	if rec.status() != session.Running || rec.ref.Server != l.on {
		return nil
	}
	return l.bySession[rec.ref.Tmux]
}

// allPanes lists the panes of all sessions, or knows them still.
func (r *Registry) allPanes(ctx context.Context) (paneList, error) {
	list := r.list.Load()
	if list != nil && r.opts.Now().Sub(list.began) < listMaxAge && list.newer == r.newer.Load() && list.changes == r.tmux.Changes(ctx) {
		return *list, nil
	}
	return r.lists.Do(ctx, r.listPanes)
}

// noteNewer has no list show less of a session than a closer look has shown.
func (r *Registry) noteNewer(rec *record, panes []controlmode.PaneDetail) {
	list := r.list.Load()
	if list == nil || !slices.EqualFunc(list.of(rec), panes, func(p controlmode.PaneInfo, d controlmode.PaneDetail) bool { return p == d.PaneInfo }) {
		r.newer.Add(1)
	}
}

// listPanes bounds itself, as a flight demands.
func (r *Registry) listPanes(ctx context.Context) (paneList, error) {
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	for {
		list := paneList{bySession: map[controlmode.SessionID][]controlmode.PaneInfo{}, changes: r.tmux.Changes(ctx), newer: r.newer.Load(), began: r.opts.Now()}
		on, err := r.tmux.Current(ctx)
		if err != nil {
			return paneList{}, err
		}
		all, err := r.tmux.On(on).ListAllPanes(ctx)
		if errors.Is(err, controlmode.ErrServerGone) { // between the two lines
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

// TmuxServer identifies the tmux server on which new sessions are made.
func (r *Registry) TmuxServer(ctx context.Context) (controlmode.ServerID, error) {
	on, err := r.tmux.Current(ctx)
	return on, tmux.Translate(err, tmux.Reading)
}

// Page returns those of the caller's sessions that o chooses.
func (r *Registry) Page(ctx context.Context, p session.Principal, o session.PageOptions) (session.Page, error) {
	all, err := r.List(ctx, p)
	if err != nil {
		return session.Page{}, err
	}
	chosen := slices.DeleteFunc(all, func(s session.Session) bool { return !chooses(o, s) })
	if o.Limit > 0 && len(chosen) > o.Limit {
		return session.Page{Sessions: chosen[:o.Limit], More: true}, nil
	}
	return session.Page{Sessions: chosen}, nil
}

func chooses(o session.PageOptions, s session.Session) bool {
	if s.ID <= o.After || len(o.Status) > 0 && !slices.Contains(o.Status, s.Status) {
		return false
	}
	for name, value := range o.Labels {
		if has, ok := s.Labels[name]; !ok || has != value {
			return false
		}
	}
	return true
}
