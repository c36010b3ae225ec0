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

// socketDir is the folder in which tmux -L keeps its sockets.
func socketDir(environ []string) string {
	base := lookupEnv(environ, "TMUX_TMPDIR")
	if base == "" {
		base = "/tmp"
	}
	return filepath.Join(base, "tmux-"+strconv.Itoa(os.Getuid()))
}

// lockSocket takes the lock that makes this process the only one to serve a socket
// name, or fails with ErrLocked. The kernel drops the lock when the process ends,
// however it ends. Closing the file drops it too.
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

// socketFile is the file that tmux listened on when that was last known; nil: it was
// not known.
type socketFile struct{ os.FileInfo }

// socketAt is the file at a path now.
func socketAt(path string) socketFile {
	info, err := os.Stat(path)
	if err != nil {
		return socketFile{}
	}
	return socketFile{info}
}

// same compares the times, too: a new file may get the number of one that is gone.
func (f socketFile) same(other socketFile) bool {
	return f.FileInfo != nil && os.SameFile(f.FileInfo, other.FileInfo) && f.ModTime().Equal(other.ModTime())
}

// restoreSocket has tmux make its socket again when somebody has removed or replaced
// it. Otherwise the next client would start, or reach, another server, and nobody
// could reach the sessions of this one. The name is ours (see lockSocket), so anyone
// else who serves it loses it. A connection that is up and responsive proves that the
// process is still tmux.
func (s *Server) restoreSocket(conn *Conn, id ServerID, file *socketFile) {
	s.mu.Lock()
	current := s.conn == conn && !s.unresponsive
	s.mu.Unlock()
	if !current {
		return
	}
	now := socketAt(id.Socket)
	if now.FileInfo != nil && (file.same(now) || s.probe() == id.PID) {
		*file = now
		return
	}
	if file.FileInfo != nil {
		s.log.Warn("tmux's socket is gone: asking tmux for a new one", "socket", id.Socket)
	}
	*file = socketFile{}
	_ = os.MkdirAll(filepath.Dir(id.Socket), 0o700)
	_ = syscall.Kill(id.PID, syscall.SIGUSR1) // tmux(1): recreates the socket
}
