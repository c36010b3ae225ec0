package db

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/semaphore"
)

// pool is a connection pool that serves its callers in order. database/sql (Go
// 1.26) hands a free connection to a random one of those who wait: when many
// wait, some wait many times as long as the others.
type pool struct {
	*sqlx.DB
	slots *semaphore.Weighted // one for each connection, granted in order
}

func newPool(db *sqlx.DB, connections int) *pool {
	db.SetMaxOpenConns(connections)
	return &pool{DB: db, slots: semaphore.NewWeighted(int64(connections))}
}

// acquire blocks until a connection is free for the caller, or until ctx is done
// with an error that wraps ctx's. The caller must call release.
func (p *pool) acquire(ctx context.Context) (release func(), err error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for a connection: %w", err)
	}
	return func() { p.slots.Release(1) }, nil
}
