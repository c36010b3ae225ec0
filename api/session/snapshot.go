package session

import (
	"crypto/sha256"
	"encoding/hex"
	"sync/atomic"
	"time"

	"interplexer/controlmode"
)

// Snapshot is what a pane's screen showed at one moment. It is shared between
// callers: nobody may change Text.
type Snapshot struct {
	Text []byte // the screen's lines, each ended by \n, or the document that was asked for
	// ETag names the text, in the form of an HTTP entity tag: equal texts have
	// equal ones, also after a restart.
	ETag string
}

func newSnapshot(text []byte) Snapshot {
	sum := sha256.Sum256(text)
	tag := make([]byte, 0, 34)
	tag = append(tag, '"')
	tag = hex.AppendEncode(tag, sum[:16])
	return Snapshot{Text: text, ETag: string(append(tag, '"'))}
}

// capture is a Snapshot in a cache.
type capture struct {
	Snapshot
	gen     uint64    // of its screen when the command was written
	asked   time.Time // about when that was
	trimmed atomic.Pointer[Snapshot]
	*stated // of a form with a state; else nil
}

// stated is a capture's state, and what was drawn with it.
type stated struct {
	state    controlmode.PaneState
	drawings drawings
}

// shown is the capture as the options want it.
func (c *capture) shown(o CaptureOptions) (Snapshot, error) {
	if o.Format != Text {
		return c.drawn(o)
	}
	if !o.Trim {
		return c.Snapshot, nil
	}
	if t := c.trimmed.Load(); t != nil {
		return *t, nil
	}
	text := trimBlankLines(c.Text)
	if len(text) == len(c.Text) {
		return c.Snapshot, nil
	}
	t := newSnapshot(text)
	c.trimmed.Store(&t)
	return t, nil
}

// trimBlankLines drops the empty lines at the end.
func trimBlankLines(screen []byte) []byte {
	end := len(screen)
	for end > 0 && screen[end-1] == '\n' && (end == 1 || screen[end-2] == '\n') {
		end--
	}
	return screen[:end]
}
