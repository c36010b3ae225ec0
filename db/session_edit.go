package db

import (
	"context"
	"time"
)

// SessionEdit is what may be changed of a session's row at its owner's will;
// all of it is written.
type SessionEdit struct {
	Name          string
	Labels        map[string]string
	Width, Height int
	KeepAfterExit bool
}

// EditSession changes a row of any status. It gives ErrConflict when the row is
// live and its user has another live session of that name.
func (s *Store) EditSession(ctx context.Context, id int64, e SessionEdit, at time.Time) (Session, error) {
	labels := labelsText(e.Labels)
	return s.writeSession(ctx, "edit session", func(ctx context.Context, q queryer) (int64, error) {
		if err := storable(e.Name, labels); err != nil {
			return 0, err
		}
		return id, affected(q.ExecContext(ctx, `UPDATE sessions
			SET name = $2, labels = $3, width = $4, height = $5, keep_after_exit = $6, modify_time = $7 WHERE id = $1`,
			id, e.Name, labels, e.Width, e.Height, e.KeepAfterExit, stamp(at)))
	})
}
