package session

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
)

// Format is the format of a screen.
type Format int

// The formats. A picture shows the whole screen, with its cursor.
const (
	Text Format = iota
	JSON        // an object of the lines, the size, the cursor and more
	HTML        // a page
	SVG         // a picture
	PNG         // a picture with a font of its own
)

// IsPicture reports whether the format shows the whole screen as a picture.
func (f Format) IsPicture() bool { return f >= HTML }

// CaptureOptions select the text and the format of a capture. The zero value is the visible
// screen of the active pane as plain text.
type CaptureOptions struct {
	Pane    string // "%5"; empty: the active pane
	Trim    bool   // drop blank lines at the end
	Escapes bool   // text with the escape sequences of styles
	Join    bool   // text whose wrapped lines are joined
	Lines   int    // text of the last lines of history and screen; at most MaxShownLines; 0: of the screen
	Format  Format
	Styles  bool // JSON with the styles of the lines
}

// MaxShownLines bounds the lines of history in a capture of a screen. More lines are
// delivered piece by piece: see LinesOptions.
const MaxShownLines = 2000

// Check fails with an *InvalidError for options that do not go together.
func (o CaptureOptions) Check() error {
	if o.Format == Text && !o.Styles && o.Lines == 0 {
		return nil // the common case
	}
	var bad InvalidError
	refuse := func(refused bool, field, detail string) {
		if refused {
			bad.Complain(field, detail)
		}
	}
	refuse(o.Lines < 0 || o.Lines > MaxShownLines, "lines", fmt.Sprintf("must be from 1 to %d", MaxShownLines))
	refuse(o.Lines > 0 && o.Format != Text, "lines", "goes with text only: the others show the screen")
	refuse(o.Styles && o.Format != JSON, "styles", "goes with format=json only: text has escapes, and pictures have styles anyway")
	refuse(o.Escapes && o.Format != Text, "escapes", "goes with text only: JSON has styles, and pictures have them anyway")
	refuse(o.Join && o.Format != Text, "join", "goes with text only: in joined lines there is no place for a cursor, nor for a picture's cells")
	refuse(o.Trim && o.Format.IsPicture(), "trim", "goes with text and JSON only: a picture is of the whole screen")
	return bad.OrNil()
}

// LinesOptions select lines of a pane by tmux's numbers: 0 is the first of the screen, -1
// the newest of the history. If CaptureOptions.Lines is given, they select that many last
// lines instead, without a bound.
type LinesOptions struct {
	CaptureOptions
	First, Last int // HistoryStart and ScreenEnd mean the pane's first and last line
}

// The first and the last line of a pane.
const (
	HistoryStart = math.MinInt32
	ScreenEnd    = math.MaxInt16 // the largest number that capture-pane takes
)

// Check fails with an *InvalidError for options that a history cannot have.
func (o LinesOptions) Check() error {
	switch {
	case o.Format != Text || o.Styles:
		return Invalid("format", "must be text or ansi for a history: the others show the screen")
	case o.Trim && o.Lines > MaxShownLines: // the blank lines have to be known before the last lines are selected
		return Invalid("trim", fmt.Sprintf("goes with at most %d lines", MaxShownLines))
	}
	return nil
}

// Snapshot is a pane's screen at one moment. Callers share it and must not change Text.
type Snapshot struct {
	Text []byte // the screen's lines, each ended by \n, or the document that was asked for
	// ETag identifies the text, in the form of an HTTP entity tag (RFC 9110): equal texts
	// have equal ETags, also after a restart.
	ETag string
}

// NewSnapshot makes a Snapshot of a text, with its ETag.
func NewSnapshot(text []byte) Snapshot {
	sum := sha256.Sum256(text)
	tag := make([]byte, 0, 34)
	tag = append(tag, '"')
	tag = hex.AppendEncode(tag, sum[:16])
	return Snapshot{Text: text, ETag: string(append(tag, '"'))}
}

// ErrGap: some of the output after a Cursor was dropped, or never arrived. Go on from the
// present screen.
var ErrGap = errors.New("session: a gap in the output")

// Cursor is a place in a pane's output. Offsets count bytes, and jump at a gap.
type Cursor struct {
	Pane   string // "%5"
	Epoch  string // of one recording of the pane; offsets of another one mean nothing
	Offset uint64
}
