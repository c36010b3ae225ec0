package controlmode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// ErrLocked: another process serves this tmux socket.
var ErrLocked = errors.New("controlmode: another process serves this tmux socket")

// socketDir is where tmux -L keeps its sockets.
func socketDir(environ []string) string {
	base := lookupEnv(environ, "TMUX_TMPDIR")
	if base == "" {
		base = "/tmp"
	}
	return filepath.Join(base, "tmux-"+strconv.Itoa(os.Getuid()))
}

// lockSocket takes the lock that makes this process the only one to serve a
// socket name, or fails with ErrLocked. The kernel drops it with the process,
// however that ends; closing the file drops it too.
func lockSocket(dir, socketName string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("controlmode: make tmux's socket folder: %w", err)
	}
	path := filepath.Join(dir, socketName+".interplexer")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("controlmode: open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w (%s)", ErrLocked, path)
		}
		return nil, fmt.Errorf("controlmode: lock %s: %w", path, err)
	}
	return f, nil
}
