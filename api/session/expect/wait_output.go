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
	// bracketedPaste turns bracketed paste on. A line editor writes it when it begins
	// to read (bash from 5.1 on, zsh, fish).
	bracketedPaste = []byte("\x1b[?2004h")
	// clearHistory is xterm's E3. clear(1) writes it after it has cleared the screen,
	// by one of clearScreen.
	clearHistory = []byte("\x1b[3J")
	newline      = []byte("\n")
	clearScreen  = [][]byte{[]byte("\x1b[2J"), []byte("\x1b[H\x1b[J"), []byte("\x1b[H\x1b[0J")}
)

// tailBytes is how many bytes of one of these sequences may come before the rest of
// it, with the longest clearScreen before clearHistory.
const tailBytes = len("\x1b[H\x1b[0J\x1b[3J") - 1

// readOutput reads the output since it was last called. It returns a channel that is
// closed when there is more; nil: the wait reads no output, and compares screens.
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
		w.cursor, w.lastOutput = next, w.now()
		w.scrollback.addOutput(data)
		window := append(w.tail, data...)
		w.echoMode.byEditor = w.echoMode.byEditor || w.lastNew(window, bracketedPaste) >= 0
		if at := w.lastNew(window, clearHistory); at >= 0 {
			w.scrollback.cleared, w.scrollback.newlines = true, bytes.Count(window[at:], newline)
			w.scrollback.screenCleared = slices.ContainsFunc(clearScreen, func(s []byte) bool { return bytes.HasSuffix(window[:at], s) })
		}
		w.tail = bytes.Clone(window[max(0, len(window)-tailBytes):])
	}
}

// lastNew is the last index of a sequence in a window that begins with the tail; -1:
// there is none, or the tail holds all of it already.
func (w *waiting) lastNew(window, sequence []byte) int {
	at := bytes.LastIndex(window, sequence)
	if at+len(sequence) <= len(w.tail) {
		return -1
	}
	return at
}

// relisten goes on after a gap in the output. The program may have written anything in
// the gap.
func (w *waiting) relisten() error {
	cursor, err := w.viewer.Relisten()
	if err != nil {
		return err
	}
	w.cursor = cursor
	w.lastOutput, w.echoMode.byEditor, w.scrollback.gap = w.now(), true, true
	return nil
}

// compareScreens notes if the program has written since the last call, while its
// output cannot be read.
func (w *waiting) compareScreens(ctx context.Context) error {
	screen, err := w.viewer.Screen(ctx, session.CaptureOptions{})
	if err != nil {
		return err
	}
	if w.etag != "" && screen.ETag != w.etag {
		w.lastOutput, w.echoMode.byEditor = w.now(), true
	}
	w.etag = screen.ETag
	return nil
}

// isFlooding reports whether the pane prints too much for its output to be read. If
// so, it is not quiet.
func (w *waiting) isFlooding() bool {
	if !w.viewer.IsPaused() {
		return false
	}
	w.lastOutput = w.now()
	return true
}
