package controltest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Recorder writes down a stream: give its Trace to ConnOptions.Trace. The zero value
// is ready, and it is safe for concurrent use.
//
// A transcript is a text file with the lines of one control-mode stream in their
// order: "> " and a line of the client, or "< " and a line of tmux. The bytes after
// the first two are unchanged. Everything that is typed is in it.
type Recorder struct {
	mu     sync.Mutex // guards the fields below
	lines  bytes.Buffer
	unsent []byte // the start of a line of the client whose end has not come
	unread []byte // the same of tmux
}

// Trace takes one chunk of the client's or of tmux's. A line is written down when its
// end has come.
func (r *Recorder) Trace(sent bool, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rest, mark := &r.unread, "< "
	if sent {
		rest, mark = &r.unsent, "> "
	}
	*rest = append(*rest, data...)
	for {
		line, after, found := bytes.Cut(*rest, []byte("\n"))
		if !found {
			return
		}
		fmt.Fprintf(&r.lines, "%s%s\n", mark, line)
		*rest = after
	}
}

// WriteFile writes the transcript so far to a file, and makes its folder if need be.
func (r *Recorder) WriteFile(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, r.lines.Bytes(), 0o644)
}

// Replay plays tmux's part of a transcript. It gives out tmux's lines up to the next
// line of the client, which must then come exactly as recorded. At the end of the
// transcript, or at a line that differs, reads return EOF. It is a stream for
// controlmode.NewConn.
type Replay struct {
	t testing.TB

	mu      sync.Mutex // guards the fields below
	changed sync.Cond
	steps   [][]byte // the lines left, with their marks
	out     []byte   // to be read
	in      []byte   // the start of a line of the client
	closed  bool
}

// NewReplay opens a transcript, the file of a Recorder. The test fails if there is
// none, or if the client departs from it.
func NewReplay(t testing.TB, path string) *Replay {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no transcript (a Recorder makes them): %v", err)
	}
	r := &Replay{t: t, steps: bytes.SplitAfter(text, []byte("\n"))}
	r.steps = r.steps[:len(r.steps)-1]
	r.changed.L = &r.mu
	r.play()
	return r
}

// play moves tmux's lines up to the client's next one into out.
func (r *Replay) play() {
	for len(r.steps) > 0 && r.steps[0][0] == '<' {
		r.out = append(r.out, r.steps[0][2:]...)
		r.steps = r.steps[1:]
	}
	r.changed.Broadcast()
}

// Read waits for tmux's next line.
func (r *Replay) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.out) == 0 {
		if r.closed || len(r.steps) == 0 {
			return 0, io.EOF
		}
		r.changed.Wait()
	}
	n := copy(b, r.out)
	r.out = r.out[n:]
	return n, nil
}

// Write takes the client's bytes, and fails where they depart from the transcript.
func (r *Replay) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.in = append(r.in, b...)
	for {
		end := bytes.IndexByte(r.in, '\n') + 1
		switch {
		case r.closed:
			return 0, io.ErrClosedPipe
		case end == 0:
			return len(b), nil
		case len(r.steps) == 0 || !bytes.Equal(r.steps[0][2:], r.in[:end]):
			r.t.Errorf("the client wrote %q, the transcript goes on with %q", r.in[:end], r.next())
			r.closed = true
			r.changed.Broadcast()
			return 0, errors.New("controltest: not in the transcript")
		}
		r.in, r.steps = r.in[end:], r.steps[1:]
		r.play()
	}
}

// next is the next line of the transcript, nil at its end.
func (r *Replay) next() []byte {
	if len(r.steps) == 0 {
		return nil
	}
	return r.steps[0]
}

// Close ends the stream; it may be called again.
func (r *Replay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
	return nil
}
