package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate applies the missing migrations. The caller must hold a lock that keeps
// other processes from doing the same. A store of a newer program is an error.
func migrate(ctx context.Context, dialect goose.Dialect, folder string, pool *sql.DB, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	// goose's registry of migrations written in Go is global: another package of
	// this process could add to ours. So it is disabled.
	// Branches number their migrations independently, so a store may get a later
	// one first. That is allowed, since no migration depends on another.
	options = append(options, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	p, err := goose.NewProvider(dialect, pool, files, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the store has version %d and this program knows %d: it was made by a newer one", current, target)
	}
	return nil
}
