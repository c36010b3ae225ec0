package registry

import (
	"context"
	"slices"

	"interplexer/api/session"
)

// feedQueue is the number of changes that a Feed queues for a slow reader.
const feedQueue = 64

// Feed delivers the changes of one user's list of sessions.
type Feed struct {
	C      <-chan session.Change // never closed
	Missed <-chan struct{}       // delivers when changes were dropped; never closed

	user   int64
	queue  chan session.Change
	missed chan struct{} // see Missed; holds one
	close  func()
}

// Feed subscribes to the changes of the caller's list. If C is not read fast enough,
// changes are dropped and Missed delivers; then ask for the list again. Feed fails with
// ErrTooManyHeld. The caller closes the Feed.
func (r *Registry) Feed(_ context.Context, p session.Principal) (*Feed, error) {
	if err := r.held.acquire(p.UserID, r.opts.Held); err != nil {
		return nil, err
	}
	f := &Feed{user: p.UserID, queue: make(chan session.Change, feedQueue), missed: make(chan struct{}, 1)}
	f.C, f.Missed = f.queue, f.missed
	f.close = func() {
		r.records.unsubscribe(f)
		r.held.release(p.UserID)
	}
	r.records.subscribe(f)
	return f, nil
}

// Close ends the subscription. It is called once.
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

// publish sends a change to the feeds of the session's owner. It never blocks. The caller
// holds mu, so that changes keep their order.
func (rs *records) publish(kind string, rec *record) {
	for _, f := range rs.feeds {
		if f.user != rec.row.User.ID {
			continue
		}
		select {
		case f.queue <- session.Change{Kind: kind, Session: rec.session(nil)}:
			continue
		default:
		}
		select {
		case f.missed <- struct{}{}:
		default: // it delivers already
		}
	}
}

// publishDifference publishes the change from was to now. was is nil for a new record.
// The caller holds mu.
func (rs *records) publishDifference(was, now *record) {
	switch {
	case len(rs.feeds) == 0:
	case was == nil:
		rs.publish(session.ChangeCreated, now)
	case was.status() != now.status() && now.status().Ended():
		rs.publish(session.ChangeEnded, now)
	case was.status() != now.status():
		rs.publish(session.ChangeStatus, now)
	case was.row.Name != now.row.Name:
		rs.publish(session.ChangeRenamed, now)
	case was.hasOtherSettings(now):
		rs.publish(session.ChangeEdited, now)
	}
}
