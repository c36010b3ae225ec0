package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"interplexer/db"
)

// openStore opens the Postgres that the settings name, or else the SQLite file
// in the data directory.
func (s *settings) openStore(ctx context.Context, logger *slog.Logger) (*db.Store, error) {
	if s.DatabaseURL != "" {
		store, err := db.Open(ctx, db.Options{URL: s.DatabaseURL})
		if errors.Is(err, db.ErrUnavailable) {
			return nil, fmt.Errorf("the Postgres of the database URL cannot be reached: %w", err)
		}
		if err != nil {
			return nil, fmt.Errorf("the Postgres of the database URL cannot be used: %w", err)
		}
		return store, nil
	}
	if err := prepareDataDir(s.DataDir, logger); err != nil {
		return nil, err
	}
	path := filepath.Join(s.DataDir, databaseFile)
	store, err := db.Open(ctx, db.Options{Path: path})
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	return store, nil
}

// withStore runs a command on the store, which a running server may share.
func (s *settings) withStore(cmd *cobra.Command, do func(context.Context, *db.Store) error) (err error) {
	store, err := s.openStore(cmd.Context(), s.newLogger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(cmd.Context(), store)
}
