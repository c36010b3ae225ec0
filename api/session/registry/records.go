package registry

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"interplexer/api/session"
	"interplexer/db"
)

// records are the rows of a Registry in memory. Changes are made here, against the
// newest state.
type records struct {
	mu      sync.RWMutex // guards what follows
	byID    map[int64]*record
	pending map[string]bool  // uids being created, which reconciliation skips; true: it has skipped it
	removed map[int64]uint64 // ids dropped, by the count of changes then
	doomed  map[int64]bool   // ids dropped whose rows are still to be deleted
	changes uint64           // so far
	feeds   []*Feed
}

func newRecords() *records {
	return &records{
		byID: map[int64]*record{}, pending: map[string]bool{},
		removed: map[int64]uint64{}, doomed: map[int64]bool{},
	}
}

// find returns the caller's record, or ErrNotFound, also for somebody else's.
func (rs *records) find(p session.Principal, id int64) (*record, error) {
	rs.mu.RLock()
	rec := rs.byID[id]
	rs.mu.RUnlock()
	if rec == nil || rec.row.User.ID != p.UserID {
		return nil, session.ErrNotFound
	}
	return rec, nil
}

// owned returns the caller's records by id, and whether any is running.
func (rs *records) owned(p session.Principal) (list []*record, running bool) {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	for _, rec := range rs.byID {
		if rec.row.User.ID == p.UserID {
			list = append(list, rec)
			running = running || rec.status() == session.Running
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return cmp.Compare(a.row.ID, b.row.ID) })
	return list, running
}

// snapshot copies the records for reconciliation, and the uids that it skips.
func (rs *records) snapshot() (byID map[int64]*record, pending map[string]bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for uid := range rs.pending {
		rs.pending[uid] = true
	}
	return maps.Clone(rs.byID), maps.Clone(rs.pending)
}

// put stores a row's newest state.
func (rs *records) put(row db.Session) *record {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.set(newRecord(row))
}

// replace is put for a record that nobody has changed or deleted since.
func (rs *records) replace(rec *record, row db.Session) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if now := rs.byID[row.ID]; now != nil && now.changed == rec.changed {
		rs.set(newRecord(row))
	}
}

// set counts a change, and makes a record the newest state. The caller holds mu.
func (rs *records) set(rec *record) *record {
	rs.changes++
	rec.changed = rs.changes
	was := rs.byID[rec.row.ID]
	rs.byID[rec.row.ID] = rec
	rs.publishDifference(was, rec)
	return rec
}

// setEnded notes that rec's session is gone, unless the row has another one or is
// gone itself. It returns the newest record, and whether this changed it: then the
// caller has to save it.
func (rs *records) setEnded(rec *record, status session.Status) (now *record, changed bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	now = rs.byID[rec.row.ID]
	if now == nil {
		gone := rec.withEnd(status)
		gone.unsaved = false // there is no row to write it into
		return gone, false
	}
	if now.status() != session.Running || !now.ref.Same(rec.ref) {
		return now, false
	}
	return rs.set(now.withEnd(status)), true
}

// forget drops a record. With doomed its row is still to be deleted.
func (rs *records) forget(id int64, doomed bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.changes++
	rs.removed[id] = rs.changes
	if rec := rs.byID[id]; rec != nil {
		rs.publish(session.ChangeDeleted, rec)
	}
	delete(rs.byID, id)
	if doomed {
		rs.doomed[id] = true
	} else {
		delete(rs.doomed, id)
	}
}

// overdue lists the rows that are still to be deleted.
func (rs *records) overdue() []int64 {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	return slices.Collect(maps.Keys(rs.doomed))
}

// setPending marks a uid as being made.
func (rs *records) setPending(uid string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.pending[uid] = false
}

// clearPending unmarks it, and says whether reconciliation skipped it meanwhile.
func (rs *records) clearPending(uid string) (skipped bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	skipped = rs.pending[uid]
	delete(rs.pending, uid)
	return skipped
}

// mark is the count of changes now, for merge.
func (rs *records) mark() uint64 {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	return rs.changes
}

// merge takes over the rows of the store, except those that callers have changed
// since the mark, which was taken before the store was asked.
func (rs *records) merge(rows []db.Session, mark uint64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	inStore := make(map[int64]bool, len(rows))
	for _, row := range rows {
		inStore[row.ID] = true
		_, removed := rs.removed[row.ID]
		was := rs.byID[row.ID]
		if removed || was != nil && (was.changed > mark || was.unsaved) {
			continue
		}
		rec := newRecord(row)
		rec.changed = mark
		rs.byID[row.ID] = rec
		rs.publishDifference(was, rec)
	}
	for id, rec := range rs.byID {
		if !inStore[id] && rec.changed <= mark {
			rs.publish(session.ChangeDeleted, rec)
			delete(rs.byID, id)
		}
	}
	maps.DeleteFunc(rs.removed, func(id int64, at uint64) bool { return at <= mark && !rs.doomed[id] })
}
