package controlmode

import (
	"os"
	"path/filepath"
	"syscall"
)

// socketFile is the file that tmux listens on, as it was when tmux was known to
// listen there; nil: it was not.
type socketFile struct{ os.FileInfo }

func socketAt(path string) socketFile {
	info, err := os.Stat(path)
	if err != nil {
		return socketFile{}
	}
	return socketFile{info}
}

// is compares the times, too: a new file may get the number of one that is gone.
func (f socketFile) is(other socketFile) bool {
	return f.FileInfo != nil && os.SameFile(f.FileInfo, other.FileInfo) && f.ModTime().Equal(other.ModTime())
}

// keepSocket has tmux make its socket anew when somebody has removed or
// replaced it: the next client would start, or reach, another server, and nobody
// the sessions of this one. The name is ours (see lockSocket), so whoever else
// serves it loses it. A connection that is up and not silent is the proof that
// the process is still tmux.
func (s *Server) keepSocket(conn *Conn, id ServerID, file *socketFile) {
	s.mu.Lock()
	current := s.conn == conn && !s.silent
	s.mu.Unlock()
	if !current {
		return
	}
	now := socketAt(id.Socket)
	if now.FileInfo != nil && (file.is(now) || s.probe() == id.PID) {
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
