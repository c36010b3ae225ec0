package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// poll is the feed of a SQLite file. It has a connection of its own: PRAGMA
// data_version moves only for what other connections commit, so one that never
// writes hears of all, this process's included. The pragma looks at shared
// memory alone; the counter, which tells users and tokens from the rest, is
// read only when it has moved.
func (s *Store) poll(ctx context.Context, tell func(ChangeKind)) error {
	pool, err := sqlx.Open(SQLite, s.source+"&_query_only=on")
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	dataVersion, err := conn.PreparexContext(ctx, "PRAGMA data_version")
	if err != nil {
		return err
	}
	defer dataVersion.Close()
	data, err := s.version(ctx, dataVersion)
	if err != nil {
		return err
	}
	counter, err := conn.PreparexContext(ctx, "SELECT version FROM changes")
	if err != nil {
		return err
	}
	defer counter.Close()
	count, err := s.version(ctx, counter)
	if err != nil {
		return err
	}
	tell(Resync)
	tick := time.NewTicker(s.options.WatchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		d, err := s.version(ctx, dataVersion)
		if err != nil {
			return err
		}
		if d == data {
			continue
		}
		c, err := s.version(ctx, counter)
		if err != nil {
			return err
		}
		// In this order: a commit between the two reads moves data_version
		// again, and is looked at in the next round.
		data = d
		if c != count {
			count = c
			tell(Changed)
		}
	}
}

func (s *Store) version(ctx context.Context, query *sqlx.Stmt) (v int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.QueryTimeout)
	defer cancel()
	err = query.GetContext(ctx, &v)
	return v, err
}
