package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"interplexer/db"
)

// The files in the data directory.
const (
	databaseFile = "interplexer.db"
	tokenFile    = "token"
)

// openStore opens the Postgres database of the settings, or else the SQLite file
// in the data directory. The caller closes it.
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

// withStore opens the store, calls do and closes the store. A running service
// may use the same store meanwhile.
func (s *settings) withStore(cmd *cobra.Command, do func(context.Context, *db.Store) error) (err error) {
	store, err := s.openStore(cmd.Context(), s.newLogger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(cmd.Context(), store)
}

// newListCommand returns a command that prints what query, a method of the store,
// returns: as a table, or with --json as an array.
func newListCommand[Row any](s *settings, short string, query func(*db.Store, context.Context) ([]Row, error),
	table func([]Row) [][]string, toJSON func([]Row) any,
) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStore(cmd, func(ctx context.Context, store *db.Store) error {
				rows, err := query(store, ctx)
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(cmd.OutOrStdout(), toJSON(rows))
				}
				return writeTable(cmd.OutOrStdout(), table(rows))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}

// prepareDataDir creates the data directory, or closes an existing one to other
// users.
func prepareDataDir(dir string, logger *slog.Logger) error {
	if dir == "" {
		return usagef("there is no home directory: say with --data-dir where to keep the data")
	}
	err := os.MkdirAll(dir, 0o700)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--data-dir %s is not a folder", dir)
	}
	if err != nil {
		return fmt.Errorf("cannot create the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("cannot use the data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if !isDataDir(dir, info) {
		return fmt.Errorf("the data directory %s is open to other users (mode %04o) and is not for Interplexer alone: "+
			"name an empty one with --data-dir, or chmod 700 it", dir, info.Mode().Perm())
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("cannot close the data directory to other users: %w", err)
	}
	logger.Warn("the data directory was open to other users; it is closed now", "dir", dir,
		"was", fmt.Sprintf("%04o", info.Mode().Perm()))
	return nil
}

// isDataDir reports whether dir belongs to this service alone: it is our own,
// and is empty or has our database. A shared folder such as /tmp or a home
// directory, named by mistake, must stay open.
func isDataDir(dir string, info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) != os.Geteuid() || info.Mode()&fs.ModeSticky != 0 {
		return false
	}
	if _, err := os.Lstat(filepath.Join(dir, databaseFile)); err == nil {
		return true
	}
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}
