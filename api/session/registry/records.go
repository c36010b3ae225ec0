package registry

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"interplexer/api/session"
	"interplexer/db"
)

// records are the rows of a Registry in memory. A change is always made to the newest
// record. Changes are counted, so that rows that were read from the store never replace
// newer records (see merge).
type records struct {
	mu       sync.RWMutex // guards the fields below
	byID     map[int64]*record
	pending  map[string]bool  // uids that are being created, which reconciliation skips; true: it has done so
	removed  map[int64]uint64 // ids of dropped records, with the count of changes at that time
	toDelete map[int64]bool   // ids of dropped records whose rows are not deleted yet
	changes  uint64           // how many there were
	feeds    []*Feed
}

func newRecords() *records {
	return &records{
		byID: map[int64]*record{}, pending: map[string]bool{},
		removed: map[int64]uint64{}, toDelete: map[int64]bool{},
	}
}

// find returns the caller's record. It fails with ErrNotFound, also for somebody else's
// record.
func (rs *records) find(p session.Principal, id int64) (*record, error) {
	rs.mu.RLock()
	rec := rs.byID[id]
	rs.mu.RUnlock()
	if rec == nil || rec.row.User.ID != p.UserID {
		return nil, session.ErrNotFound
	}
	return rec, nil
}

// owned returns the caller's records in the order of their ids, and whether any is running.
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

// snapshot copies the records for reconciliation, and the uids that it skips. It notes that
// reconciliation has skipped them.
func (rs *records) snapshot() (byID map[int64]*record, pending map[string]bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for uid := range rs.pending {
		rs.pending[uid] = true
	}
	return maps.Clone(rs.byID), maps.Clone(rs.pending)
}

// put makes a row the newest state of its record.
func (rs *records) put(row db.Session) *record {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.set(newRecord(row))
}

// replace is put if nobody has changed or deleted rec since it was read.
func (rs *records) replace(rec *record, row db.Session) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if now := rs.byID[row.ID]; now != nil && now.changedAt == rec.changedAt {
		rs.set(newRecord(row))
	}
}

// set makes a record the newest one, and counts the change. The caller holds mu.
func (rs *records) set(rec *record) *record {
	rs.changes++
	rec.changedAt = rs.changes
	was := rs.byID[rec.row.ID]
	rs.byID[rec.row.ID] = rec
	rs.publishDifference(was, rec)
	return rec
}

// setEnded notes that rec's session is gone, unless the row has another session by now or
// is deleted. It returns the newest record, and whether it changed that one: then the
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

// forget drops a record. hasRow: the store still has its row, which reconciliation then
// deletes.
func (rs *records) forget(id int64, hasRow bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.changes++
	rs.removed[id] = rs.changes
	if rec := rs.byID[id]; rec != nil {
		rs.publish(session.ChangeDeleted, rec)
	}
	delete(rs.byID, id)
	if hasRow {
		rs.toDelete[id] = true
	} else {
		delete(rs.toDelete, id)
	}
}

// rowsToDelete returns the ids of dropped records whose rows are not deleted yet.
func (rs *records) rowsToDelete() []int64 {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	return slices.Collect(maps.Keys(rs.toDelete))
}

// setPending marks a uid as being created.
func (rs *records) setPending(uid string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.pending[uid] = false
}

// clearPending removes the mark, and reports whether reconciliation skipped the uid
// meanwhile.
func (rs *records) clearPending(uid string) (skipped bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	skipped = rs.pending[uid]
	delete(rs.pending, uid)
	return skipped
}

// changeCount returns the count of changes so far, for merge.
func (rs *records) changeCount() uint64 {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	return rs.changes
}

// merge takes over the rows of the store, except those that callers have changed since
// then: before is the count of changes before the store was asked.
func (rs *records) merge(rows []db.Session, before uint64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	inStore := make(map[int64]bool, len(rows))
	for _, row := range rows {
		inStore[row.ID] = true
		_, removed := rs.removed[row.ID]
		was := rs.byID[row.ID]
		if removed || was != nil && (was.changedAt > before || was.unsaved) {
			continue
		}
		rec := newRecord(row)
		rec.changedAt = before
		rs.byID[row.ID] = rec
		rs.publishDifference(was, rec)
	}
	for id, rec := range rs.byID {
		if !inStore[id] && rec.changedAt <= before {
			rs.publish(session.ChangeDeleted, rec)
			delete(rs.byID, id)
		}
	}
	maps.DeleteFunc(rs.removed, func(id int64, at uint64) bool { return at <= before && !rs.toDelete[id] })
}
