package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// The files in the data directory.
const (
	databaseFile = "interplexer.db"
	tokenFile    = "token"
)

// prepareDataDir makes the data directory, or sees to it that nobody else can
// look into an existing one.
func prepareDataDir(dir string, logger *slog.Logger) error {
	if dir == "" {
		return usagef("there is no home directory: say with --data-dir where to keep the data")
	}
	err := os.MkdirAll(dir, 0o700)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--data-dir %s is not a folder", dir)
	}
	if err != nil {
		return fmt.Errorf("cannot make the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("cannot use the data directory: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if !isOurs(dir, info) {
		return fmt.Errorf("the data directory %s is open to other users (mode %04o) and holds other things: "+
			"name an empty one with --data-dir, or chmod 700 it", dir, info.Mode().Perm())
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("cannot close the data directory to other users: %w", err)
	}
	logger.Warn("the data directory was open to other users; it is closed now", "dir", dir,
		"was", fmt.Sprintf("%04o", info.Mode().Perm()))
	return nil
}

// isOurs tells a folder that is for this service alone from a shared one named
// by mistake: closing /tmp or a home directory would break others.
func isOurs(dir string, info fs.FileInfo) bool {
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
