package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"interplexer/controlmode"
)

// listedFor is how long a list of all panes holds while nothing tells of a change
// (see controlmode.Server.Changes). To make one takes tmux 5 ms for 500 sessions,
// in which it does nothing else.
const listedFor = 50 * time.Millisecond

// paneList is every pane of one tmux server.
type paneList struct {
	on        controlmode.ServerID
	bySession map[controlmode.SessionID][]controlmode.PaneInfo
	began     time.Time // when it was asked for
	changes   uint64    // the Server's at that time
	noticed   uint64    // the Registry's at that time
}

// List returns the caller's sessions in the order of their ids. What tmux does not
// tell of their panes may be listedFor late.
func (r *Registry) List(ctx context.Context, p Principal) ([]Session, error) {
	// The records come first: a session that is in one of them by now and has
	// no pane in the later list has ended.
	owned, running := r.known.owned(p)
	var panes paneList
	if running {
		ctx, cancel := tmuxContext(ctx)
		defer cancel()
		var err error
		if panes, err = r.allPanes(ctx); err != nil {
			return nil, tmuxError(err, reading)
		}
	}
	list := make([]Session, len(owned))
	for i, rec := range owned {
		if rec.status() == Running {
			rec = r.seen(rec, panes)
		}
		list[i] = rec.session(panes.of(rec))
	}
	return list, nil
}

// seen is a running record as a later list of panes shows it.
func (r *Registry) seen(rec *record, panes paneList) *record {
	switch {
	case rec.server != panes.on:
		return r.ended(rec, Lost)
	case panes.of(rec) == nil:
		return r.ended(rec, Exited)
	}
	return rec
}

// of are the panes of a running record.
func (l paneList) of(rec *record) []controlmode.PaneInfo {
	if rec.status() != Running || rec.server != l.on {
		return nil
	}
	return l.bySession[rec.tmux]
}

// allPanes lists the panes of all sessions, or knows them still.
func (r *Registry) allPanes(ctx context.Context) (paneList, error) {
	list := r.listed.Load()
	if list != nil && time.Since(list.began) < listedFor && list.noticed == r.noticed.Load() && list.changes == r.tmux.Changes(ctx) {
		return *list, nil
	}
	return r.panes.do(ctx, r.listPanes)
}

// notice has no list show less of a session than a closer look has shown.
func (r *Registry) notice(rec *record, panes []controlmode.PaneDetail) {
	list := r.listed.Load()
	if list == nil || !slices.EqualFunc(list.of(rec), panes, func(p controlmode.PaneInfo, d controlmode.PaneDetail) bool { return p == d.PaneInfo }) {
		r.noticed.Add(1)
	}
}

// listPanes bounds itself, as a flight demands.
func (r *Registry) listPanes(ctx context.Context) (paneList, error) {
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	for {
		list := paneList{bySession: map[controlmode.SessionID][]controlmode.PaneInfo{}, changes: r.tmux.Changes(ctx), noticed: r.noticed.Load(), began: time.Now()}
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
		r.listed.Store(&list)
		return list, nil
	}
}
