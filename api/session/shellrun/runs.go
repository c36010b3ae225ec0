package shellrun

import (
	"slices"
	"sync"
	"time"

	"interplexer/api/session"
)

// keptBytes bounds the output of the runs that are over and remembered, in bytes.
const keptBytes = 64 << 20

// runs are the runs that are not over, at most one in each pane, and the latest results.
type runs struct {
	mu  sync.Mutex // guards all
	all []*run
}

// add fails with ErrRunning when the pane has a run.
func (rs *runs) add(x *run, now time.Time) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.sweep(now)
	for _, other := range rs.all {
		if other.session == x.session && other.pane == x.pane && !other.isOver() {
			return &session.RunningError{Session: other.session, Run: other.id}
		}
	}
	rs.all = append(rs.all, x)
	return nil
}

// sweep drops the results that are too old or too many. The caller holds mu.
func (rs *runs) sweep(now time.Time) {
	bytes := 0
	for i, x := range slices.Backward(rs.all) {
		if !x.isOver() {
			continue
		}
		output, _ := x.recorder.recorded()
		if bytes += len(output); bytes > keptBytes || now.Sub(x.ended) > keptFor {
			rs.all = slices.Delete(rs.all, i, i+1)
		}
	}
}

func (rs *runs) drop(x *run) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = slices.DeleteFunc(rs.all, func(other *run) bool { return other == x })
}

// find returns a run of a session; nil: there is none.
func (rs *runs) find(sessionID int64, id string, now time.Time) *run {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.sweep(now)
	for _, x := range rs.all {
		if x.session == sessionID && x.id == id {
			return x
		}
	}
	return nil
}

// forget drops the runs of a session that was deleted, except those that it was made
// for.
func (rs *runs) forget(sessionID int64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = slices.DeleteFunc(rs.all, func(x *run) bool { return x.session == sessionID && !x.ownSession })
}
