package session

import (
	"fmt"

	"interplexer/controlmode"
)

// CaptureOptions choose what a capture shows and how; the zero value is the
// whole visible screen of the active pane as plain text.
type CaptureOptions struct {
	Pane    string // "%5"; empty: the active pane
	Trim    bool   // drop blank lines at the end
	Escapes bool   // with the escape sequences of styles
	Join    bool   // join wrapped lines
	Lines   int    // the last lines of history and screen instead of the screen; at most MaxShownLines; 0: the screen
}

// MaxShownLines is how many lines of history a screen may have. More of them
// come piece by piece: see Lines.
const MaxShownLines = controlmode.WholeLines

// form is what tmux is asked for; what of it is shown is not a part. The zero
// value is plain text.
type form struct {
	escapes bool
	join    bool
	lines   int
	trim    bool // of lines: which are the last depends on it
}

func (o CaptureOptions) form() form {
	return form{escapes: o.Escapes, join: o.Join, lines: o.Lines, trim: o.Trim && o.Lines > 0}
}

// subject is what is looked at.
type subject struct {
	pane string // "": whichever is active
	form form
}

func (o CaptureOptions) subject() subject { return subject{o.Pane, o.form()} }

// check refuses what cannot be had together.
func (o CaptureOptions) check() error {
	var fields []FieldError
	if o.Lines < 0 || o.Lines > MaxShownLines {
		fields = append(fields, FieldError{Field: "lines", Detail: fmt.Sprintf("must be from 1 to %d", MaxShownLines)})
	}
	if len(fields) == 0 {
		return nil
	}
	return &InvalidError{Fields: fields}
}
