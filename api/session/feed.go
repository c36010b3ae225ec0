package session

import (
	"context"
	"maps"
	"slices"
)

// Kinds of changes of a user's list of sessions.
const (
	ChangeCreated = "created"
	ChangeRenamed = "renamed"
	ChangeEdited  = "edited" // its labels, its size, or whether it is kept after its end
	ChangeStatus  = "status"
	ChangeEnded   = "ended"
	ChangeDeleted = "deleted"
)

// Change is one change of a user's list of sessions.
type Change struct {
	Kind    string
	Session Session // as it is after the change, without its panes
}

// feedQueue is how many changes a slow Feed keeps.
const feedQueue = 64

// Feed tells the changes of one user's list of sessions.
type Feed struct {
	C      <-chan Change // never closed
	Missed <-chan struct{}

	user   int64
	queue  chan Change
	missed chan struct{} // holds one: changes were dropped
	close  func()
}

// Feed starts to tell the changes of the caller's list. A Feed that is not read
// misses changes and says so in Missed: then the list is to be asked for again.
// It fails with ErrTooManyHeld. Close it when done.
func (r *Registry) Feed(_ context.Context, p Principal) (*Feed, error) {
	if err := r.held.take(p.UserID, r.opts.Held); err != nil {
		return nil, err
	}
	f := &Feed{user: p.UserID, queue: make(chan Change, feedQueue), missed: make(chan struct{}, 1)}
	f.C, f.Missed = f.queue, f.missed
	f.close = func() {
		r.known.unsubscribe(f)
		r.held.give(p.UserID)
	}
	r.known.subscribe(f)
	return f, nil
}

// Close ends the telling. It is called once.
func (f *Feed) Close() { f.close() }

func (rs *records) subscribe(f *Feed) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.feeds = append(rs.feeds, f)
}

func (rs *records) unsubscribe(f *Feed) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.feeds = slices.DeleteFunc(rs.feeds, func(other *Feed) bool { return other == f })
}

// tell offers a change to whom it concerns; it never blocks. The caller holds
// mu, so that changes are told in their order.
func (rs *records) tell(kind string, rec *record) {
	for _, f := range rs.feeds {
		if f.user != rec.row.User.ID {
			continue
		}
		select {
		case f.queue <- Change{Kind: kind, Session: rec.session(nil)}:
			continue
		default:
		}
		select {
		case f.missed <- struct{}{}:
		default: // it knows
		}
	}
}

// tellFrom tells what has changed from was, if there was one, to now. The
// caller holds mu.
func (rs *records) tellFrom(was, now *record) {
	switch {
	case len(rs.feeds) == 0:
	case was == nil:
		rs.tell(ChangeCreated, now)
	case was.status() != now.status() && now.status().Ended():
		rs.tell(ChangeEnded, now)
	case was.status() != now.status():
		rs.tell(ChangeStatus, now)
	case was.row.Name != now.row.Name:
		rs.tell(ChangeRenamed, now)
	case was.edited(now):
		rs.tell(ChangeEdited, now)
	}
}

// edited reports whether now has what else an Edit changes.
func (rec *record) edited(now *record) bool {
	a, b := rec.row, now.row
	return !maps.Equal(a.Labels, b.Labels) || a.Width != b.Width || a.Height != b.Height || a.KeepAfterExit != b.KeepAfterExit
}
