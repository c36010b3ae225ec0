package session

import (
	"slices"
	"sync"
	"time"

	"interplexer/controlmode"
)

const (
	// keptRun is how long the end of a run is remembered.
	keptRun = 10 * time.Minute
	// keptRunBytes bounds what is remembered of those that are over.
	keptRunBytes = 64 << 20
)

// runs are those that are not over, one of each pane at most, and the last ones
// that are.
type runs struct {
	mu  sync.Mutex // guards what follows
	all []*shellRun
}

// add fails with ErrRunning when the pane has a run.
func (rs *runs) add(x *shellRun) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.sweep(time.Now())
	for _, other := range rs.all {
		if other.session == x.session && other.pane == x.pane && !other.isOver() {
			return &RunningError{Session: other.session, Run: other.id}
		}
	}
	rs.all = append(rs.all, x)
	return nil
}

// sweep drops what need not be remembered any more. The caller holds mu.
func (rs *runs) sweep(now time.Time) {
	bytes := 0
	for i, x := range slices.Backward(rs.all) {
		if !x.isOver() {
			continue
		}
		kept, _ := x.ear.heard()
		if bytes += len(kept); bytes > keptRunBytes || now.Sub(x.ended) > keptRun {
			rs.all = slices.Delete(rs.all, i, i+1)
		}
	}
}

func (rs *runs) drop(x *shellRun) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = slices.DeleteFunc(rs.all, func(other *shellRun) bool { return other == x })
}

// find returns a run of a session; nil: there is none.
func (rs *runs) find(session int64, id string) *shellRun {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.sweep(time.Now())
	for _, x := range rs.all {
		if x.session == session && x.id == id {
			return x
		}
	}
	return nil
}

// forget drops the runs of a session that was deleted, but those that it was made
// for.
func (rs *runs) forget(session int64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = slices.DeleteFunc(rs.all, func(x *shellRun) bool { return x.session == session && !x.ownSession })
}

// paneOfRun names a pane for good: tmux numbers its panes anew after a restart,
// but a session does not outlive one.
type paneOfRun struct {
	session int64
	pane    controlmode.PaneID
}
