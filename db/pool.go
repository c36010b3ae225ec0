package db

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/semaphore"
)

// pool lends its connections in the order in which they are asked for.
// database/sql (Go 1.26) hands a free one to any of those who wait, at random:
// where many wait, some wait many times as long as the others.
type pool struct {
	*sqlx.DB
	turns *semaphore.Weighted
}

func newPool(db *sqlx.DB, connections int) *pool {
	db.SetMaxOpenConns(connections)
	return &pool{DB: db, turns: semaphore.NewWeighted(int64(connections))}
}

// turn waits until a connection is the caller's, who gives it back with done.
// Its error wraps ctx's.
func (p *pool) turn(ctx context.Context) (done func(), err error) {
	if err := p.turns.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for a connection: %w", err)
	}
	return func() { p.turns.Release(1) }, nil
}
