package session

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"interplexer/db"
)

// records are what a Registry knows of its rows. Changes are made here, against
// what is true now.
type records struct {
	mu      sync.RWMutex // guards what follows
	byID    map[int64]*record
	pending map[string]bool  // uids being created, which reconciliation passes over; true: it has
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
func (rs *records) find(p Principal, id int64) (*record, error) {
	rs.mu.RLock()
	rec := rs.byID[id]
	rs.mu.RUnlock()
	if rec == nil || rec.row.User.ID != p.UserID {
		return nil, ErrNotFound
	}
	return rec, nil
}

// owned returns the caller's records by id, and whether any is running.
func (rs *records) owned(p Principal) (list []*record, running bool) {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	for _, rec := range rs.byID {
		if rec.row.User.ID == p.UserID {
			list = append(list, rec)
			running = running || rec.status() == Running
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return cmp.Compare(a.row.ID, b.row.ID) })
	return list, running
}

// snapshot copies what reconciliation compares, and what it passes over.
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

// set counts a change, and makes a new record what is true. The caller holds mu.
func (rs *records) set(rec *record) *record {
	rs.changes++
	rec.changed = rs.changes
	was := rs.byID[rec.row.ID]
	rs.byID[rec.row.ID] = rec
	rs.tellFrom(was, rec)
	return rec
}

// setEnded notes that rec's session is gone, unless the row has another one or
// is gone itself. It returns the record as it is now, and whether this changed
// it; the store is still to be told.
func (rs *records) setEnded(rec *record, status Status) (now *record, changed bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	now = rs.byID[rec.row.ID]
	if now == nil {
		gone := rec.endedAs(status)
		gone.unsaved = false // there is no row to write it into
		return gone, false
	}
	if now.status() != Running || !now.sameTmux(rec) {
		return now, false
	}
	return rs.set(now.endedAs(status)), true
}

// forget drops a record. With doomed its row is still to be deleted.
func (rs *records) forget(id int64, doomed bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.changes++
	rs.removed[id] = rs.changes
	if rec := rs.byID[id]; rec != nil {
		rs.tell(ChangeDeleted, rec)
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

// made unmarks it, and says whether reconciliation passed over it meanwhile.
func (rs *records) made(uid string) (passedOver bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	passedOver = rs.pending[uid]
	delete(rs.pending, uid)
	return passedOver
}

// mark is the count of changes now, for merge.
func (rs *records) mark() uint64 {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	return rs.changes
}

// merge takes over what the store said, but nothing that callers have changed
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
		rs.tellFrom(was, rec)
	}
	for id, rec := range rs.byID {
		if !inStore[id] && rec.changed <= mark {
			rs.tell(ChangeDeleted, rec)
			delete(rs.byID, id)
		}
	}
	maps.DeleteFunc(rs.removed, func(id int64, at uint64) bool { return at <= mark && !rs.doomed[id] })
}
