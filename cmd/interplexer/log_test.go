package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// logBuffer collects the output of a process while tests read it.
type logBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await waits until the output contains the text.
func (b *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	require.Eventuallyf(t, func() bool { return strings.Contains(b.String(), text) }, patience, tick, "%q is not in the output:\n%q", text, b)
}
