package session

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"
)

var (
	// editorReads is what a line editor tells the terminal when it begins to read:
	// that it wants to be told of pastes (bash from 5.1 on, zsh, fish).
	editorReads = []byte("\x1b[?2004h")
	// clearsHistory is xterm's E3, which clear(1) sends after it has cleared the
	// screen.
	clearsHistory = []byte("\x1b[3J")
	newline       = []byte("\n")
	clearsScreen  = [][]byte{[]byte("\x1b[2J"), []byte("\x1b[H\x1b[J"), []byte("\x1b[H\x1b[0J")}
)

// tailBytes is how much before what comes may be the beginning of one of these.
const tailBytes = len("\x1b[H\x1b[0J\x1b[3J") - 1

// hear notes what the program has written since. It returns a channel that is
// closed when there is more; nil: it is not told.
func (w *waiting) hear(ctx context.Context) (more <-chan struct{}, err error) {
	if w.cursor.Pane == "" {
		return nil, w.compare(ctx)
	}
	for {
		data, next, more, err := w.viewer.Output(w.cursor, maxRing)
		switch {
		case errors.Is(err, ErrGap):
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
		w.cursor, w.quiet = next, time.Now()
		w.reader.hear(data)
		window := append(w.tail, data...)
		w.hands.editing = w.hands.editing || w.news(window, editorReads) >= 0
		if at := w.news(window, clearsHistory); at >= 0 {
			w.reader.cleared, w.reader.since = true, bytes.Count(window[at:], newline)
			w.reader.emptied = slices.ContainsFunc(clearsScreen, func(s []byte) bool { return bytes.HasSuffix(window[:at], s) })
		}
		w.tail = bytes.Clone(window[max(0, len(window)-tailBytes):])
	}
}

// news is where something was last written in a window that begins with the tail,
// and not heard before; -1: nowhere.
func (w *waiting) news(window, what []byte) int {
	at := bytes.LastIndex(window, what)
	if at+len(what) <= len(w.tail) {
		return -1
	}
	return at
}

// relisten goes on after a gap: anything may have been written in it.
func (w *waiting) relisten() error {
	s, info, err := w.viewer.heard()
	switch {
	case errors.Is(err, errNotLive):
		return ErrUnavailable
	case err != nil:
		return err
	}
	epoch, end := s.output.listen()
	w.cursor = Cursor{Pane: info.Pane.String(), Epoch: epoch, Offset: end}
	w.quiet, w.hands.editing, w.reader.missed = time.Now(), true, true
	return nil
}

// compare finds out whether the program has written while nothing tells of it.
func (w *waiting) compare(ctx context.Context) error {
	screen, err := w.viewer.Screen(ctx, CaptureOptions{})
	if err != nil {
		return err
	}
	if w.etag != "" && screen.ETag != w.etag {
		w.quiet, w.hands.editing = time.Now(), true
	}
	w.etag = screen.ETag
	return nil
}

// floods reports whether the pane prints so much that it is not listened to.
func (w *waiting) floods() bool {
	s, _, err := w.viewer.heard()
	if err == nil && s.deaf.Load() {
		w.quiet = time.Now()
		return true
	}
	return false
}
