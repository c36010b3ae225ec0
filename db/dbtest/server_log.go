package dbtest

import (
	"bytes"
	"sync"
)

// maxLog bounds the end of a server's log, in bytes, that an error message shows.
const maxLog = 64 << 10

var readyText = []byte("database system is ready to accept connections")

// serverLog collects the output of a server. It closes ready when the output says
// that the server accepts connections.
type serverLog struct {
	ready chan struct{}

	mu      sync.Mutex // guards the rest
	text    []byte
	isReady bool
}

func newServerLog() *serverLog { return &serverLog{ready: make(chan struct{})} }

// Write implements io.Writer.
func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	if !l.isReady && bytes.Contains(l.text, readyText) {
		l.isReady = true
		close(l.ready)
	}
	if len(l.text) > maxLog {
		l.text = bytes.Clone(l.text[len(l.text)-maxLog/2:])
	}
	return len(b), nil
}

// String returns the end of the log.
func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
