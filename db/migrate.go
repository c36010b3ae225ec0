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

// migrate applies what is missing. The caller sees to it that nobody else
// does so at the same time.
func migrate(ctx context.Context, dialect goose.Dialect, folder string, pool *sql.DB, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	// Disabled: goose's registry of migrations in Go is global, so another
	// package of this process could add to ours.
	// Out of order: branches number their migrations apart, and a store may have
	// met a later one first. Each stands by itself.
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
