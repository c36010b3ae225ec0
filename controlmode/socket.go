package controlmode

import (
	"os"
	"path/filepath"
	"syscall"
)

// socketFile is what is known of the file that tmux listens on.
type socketFile struct {
	seen  os.FileInfo // when it was last looked at; nil: not there
	asked bool        // tmux was asked for a new one, and seen is not that yet
}

// lost reports whether the file is not tmux's own: it was removed, or somebody
// has put another in its place. The first that it sees counts as tmux's own, and
// so does what comes after tmux was asked.
func (f *socketFile) lost(path string) bool {
	now, err := os.Stat(path)
	if err != nil {
		f.seen, f.asked = nil, true
		return true
	}
	first, same := f.seen == nil, f.seen != nil && os.SameFile(now, f.seen) && now.ModTime().Equal(f.seen.ModTime())
	f.seen = now
	switch {
	case same:
		return f.asked
	case first || f.asked:
		f.asked = false
		return false
	}
	f.asked = true
	return true
}

// keepSocket has tmux make its socket anew when somebody has removed or
// replaced it: the next client would start, or reach, another server, and nobody
// the sessions of this one. The name is ours (see lockSocket), so whoever else
// serves it loses it. A connection that is up and not silent is the proof that
// the process is still tmux.
func (s *Server) keepSocket(conn *Conn, file *socketFile) {
	s.mu.Lock()
	id, current := s.id, s.conn == conn && !s.silent
	s.mu.Unlock()
	if !current {
		return
	}
	known := file.asked
	if !file.lost(id.Socket) {
		return
	}
	if !known {
		s.log.Warn("tmux's socket is gone: asking tmux for a new one", "socket", id.Socket)
	}
	_ = os.MkdirAll(filepath.Dir(id.Socket), 0o700)
	_ = syscall.Kill(id.PID, syscall.SIGUSR1) // tmux(1): recreates the socket
}
