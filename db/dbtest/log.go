package dbtest

import (
	"bytes"
	"sync"
)

// logMax is how much of a server's log is kept for an error message.
const logMax = 64 << 10

var readyText = []byte("database system is ready to accept connections")

// serverLog takes a server's log and closes ready when it accepts connections.
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
	if len(l.text) > logMax {
		l.text = bytes.Clone(l.text[len(l.text)-logMax/2:])
	}
	return len(b), nil
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
