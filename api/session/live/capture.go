package live

import (
	"sync/atomic"
	"time"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// capture is a Snapshot in a cache.
type capture struct {
	session.Snapshot
	version       uint64    // of its screen when tmux was asked
	asked         time.Time // about the time when tmux was asked
	trimmed       atomic.Pointer[session.Snapshot]
	*captureState // nil unless the variant has a state
}

// captureState is a capture's state, and the renderings that were made with it.
type captureState struct {
	state    controlmode.PaneState
	rendered renderCache
}

// sameState reports whether a capture of the same variant has the same state.
func (c *capture) sameState(got rawCapture) bool {
	return !got.hasState || c.captureState != nil && c.state == got.state
}

// snapshot returns the capture in the format of the options.
func (c *capture) snapshot(o session.CaptureOptions) (session.Snapshot, error) {
	if o.Format != session.Text {
		return c.rendering(o)
	}
	if !o.Trim {
		return c.Snapshot, nil
	}
	if t := c.trimmed.Load(); t != nil {
		return *t, nil
	}
	text := TrimBlankLines(c.Text)
	if len(text) == len(c.Text) {
		return c.Snapshot, nil
	}
	t := session.NewSnapshot(text)
	c.trimmed.Store(&t)
	return t, nil
}

// size is the memory that a capture takes, in bytes; a nil one takes none.
func (c *capture) size() int {
	if c == nil {
		return 0
	}
	n := len(c.Text) + c.captureState.size()
	if t := c.trimmed.Load(); t != nil {
		n += len(t.ETag) // its text is a part of c.Text
	}
	return n
}

// TrimBlankLines returns a screen without the empty lines at its end.
func TrimBlankLines(screen []byte) []byte {
	end := len(screen)
	for end > 0 && screen[end-1] == '\n' && (end == 1 || screen[end-2] == '\n') {
		end--
	}
	return screen[:end]
}
