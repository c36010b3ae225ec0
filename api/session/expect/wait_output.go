package expect

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

var (
	// editorReads is written by a line editor when it begins to read: it asks for
	// bracketed paste (bash from 5.1 on, zsh, fish).
	editorReads = []byte("\x1b[?2004h")
	// clearsHistory is xterm's E3, which clear(1) sends after it has cleared the
	// screen.
	clearsHistory = []byte("\x1b[3J")
	newline       = []byte("\n")
	clearsScreen  = [][]byte{[]byte("\x1b[2J"), []byte("\x1b[H\x1b[J"), []byte("\x1b[H\x1b[0J")}
)

// tailBytes is how many bytes before new output may begin one of these.
const tailBytes = len("\x1b[H\x1b[0J\x1b[3J") - 1

// readOutput reads the output that has come since. It returns a channel that is
// closed when there is more; nil: the hub reports none.
func (w *waiting) readOutput(ctx context.Context) (more <-chan struct{}, err error) {
	if w.cursor.Pane == "" {
		return nil, w.compareScreens(ctx)
	}
	for {
		data, next, more, err := w.viewer.Output(w.cursor, live.MaxKeptOutput)
		switch {
		case errors.Is(err, session.ErrGap):
			err = w.relisten()
			if err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		case len(data) == 0:
			return more, nil
		}
		w.cursor, w.quiet = next, w.now()
		w.scrollback.addOutput(data)
		window := append(w.tail, data...)
		w.echoMode.editing = w.echoMode.editing || w.lastNew(window, editorReads) >= 0
		if at := w.lastNew(window, clearsHistory); at >= 0 {
			w.scrollback.cleared, w.scrollback.since = true, bytes.Count(window[at:], newline)
			w.scrollback.emptied = slices.ContainsFunc(clearsScreen, func(s []byte) bool { return bytes.HasSuffix(window[:at], s) })
		}
		w.tail = bytes.Clone(window[max(0, len(window)-tailBytes):])
	}
}

// lastNew is the last place of a sequence in a window that begins with the tail, if
// the sequence was not complete in the tail already; -1: nowhere.
func (w *waiting) lastNew(window, sequence []byte) int {
	at := bytes.LastIndex(window, sequence)
	if at+len(sequence) <= len(w.tail) {
		return -1
	}
	return at
}

// relisten goes on after a gap: anything may have been written in it.
func (w *waiting) relisten() error {
	cursor, err := w.viewer.Relisten()
	if err != nil {
		return err
	}
	w.cursor = cursor
	w.quiet, w.echoMode.editing, w.scrollback.missed = w.now(), true, true
	return nil
}

// compareScreens finds out whether the program has written while nobody reports its output.
func (w *waiting) compareScreens(ctx context.Context) error {
	screen, err := w.viewer.Screen(ctx, session.CaptureOptions{})
	if err != nil {
		return err
	}
	if w.etag != "" && screen.ETag != w.etag {
		w.quiet, w.echoMode.editing = w.now(), true
	}
	w.etag = screen.ETag
	return nil
}

// isFlooding reports whether the pane prints so much that its output is not read.
func (w *waiting) isFlooding() bool {
	if !w.viewer.IsPaused() {
		return false
	}
	w.quiet = w.now()
	return true
}
