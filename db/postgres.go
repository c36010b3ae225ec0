package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// poolSize is how many connections one store opens. It leaves room for several
// processes under Postgres's default limit of 100.
const poolSize = 16

func openPostgres(ctx context.Context, o Options) (*Store, error) {
	source, err := completeURL(o.URL, o.QueryTimeout)
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	config, err := pq.NewConfig(source)
	if err != nil {
		return nil, errors.New("db: open: the database URL is not valid")
	}
	pool := newPool(sqlx.NewDb(sql.OpenDB(&connector{config: config, timeout: o.QueryTimeout}), Postgres), poolSize)
	pool.SetMaxIdleConns(poolSize / 2)
	pool.SetConnMaxIdleTime(idleConnTimeout)
	pool.SetConnMaxLifetime(connLifetime)
	s := &Store{dialect: Postgres, options: o, source: source, reader: pool, writer: pool}
	// Ping before the migrations: it fails within the query timeout, and they may
	// take longer.
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("db: open: %w", err), pool.Close())
	}
	if err := migratePostgres(ctx, config); err != nil {
		return nil, errors.Join(classify(ctx, "open", err), pool.Close())
	}
	return s, nil
}

// migratePostgres uses connections of its own, with a longer timeout than those
// of the store.
func migratePostgres(ctx context.Context, config pq.Config) error {
	pool := sql.OpenDB(&connector{config: config, timeout: migrateTimeout})
	defer pool.Close()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithUnlockTimeout(1, 3))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return migrate(ctx, goose.DialectPostgres, Postgres, pool, goose.WithSessionLocker(locker))
}
