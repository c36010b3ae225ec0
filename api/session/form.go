package session

import (
	"fmt"

	"interplexer/controlmode"
)

// Format is what a screen is shown as.
type Format int

// The formats. A picture is of the whole screen, with its cursor.
const (
	Text Format = iota
	JSON        // an object of the lines, the size, the cursor and more
	HTML        // a page
	SVG         // a picture
	PNG         // one with a font of its own
)

func (f Format) picture() bool { return f >= HTML }

// CaptureOptions choose what a capture shows and how; the zero value is the
// whole visible screen of the active pane as plain text.
type CaptureOptions struct {
	Pane    string // "%5"; empty: the active pane
	Trim    bool   // drop blank lines at the end
	Escapes bool   // text with the escape sequences of styles
	Join    bool   // text whose wrapped lines are joined
	Lines   int    // text of the last lines of history and screen; at most MaxShownLines; 0: of the screen
	Format  Format
	Styles  bool // JSON with the styles of the lines
}

// MaxShownLines is how many lines of history a screen may have. More of them
// come piece by piece: see Lines.
const MaxShownLines = controlmode.WholeLines

// form is what tmux is asked for; what of it is shown is not a part. The zero
// value is plain text.
type form struct {
	escapes bool
	join    bool
	state   bool // with the pane's state, and with escapes with blanks that have a color
	lines   int
	trim    bool // of lines: which are the last depends on it
}

func (o CaptureOptions) form() form {
	return form{
		escapes: o.Escapes || o.Styles || o.Format.picture(), join: o.Join, state: o.Format != Text,
		lines: o.Lines, trim: o.Trim && o.Lines > 0,
	}
}

// subject is what is looked at.
type subject struct {
	pane string // "": whichever is active
	form form
}

func (o CaptureOptions) subject() subject { return subject{o.Pane, o.form()} }

// check refuses what cannot be had together.
func (o CaptureOptions) check() error {
	if o.Format == Text && !o.Styles && o.Lines == 0 {
		return nil // as nearly always
	}
	var fields []FieldError
	refuse := func(refused bool, field, detail string) {
		if refused {
			fields = append(fields, FieldError{Field: field, Detail: detail})
		}
	}
	refuse(o.Lines < 0 || o.Lines > MaxShownLines, "lines", fmt.Sprintf("must be from 1 to %d", MaxShownLines))
	refuse(o.Lines > 0 && o.Format != Text, "lines", "goes with text only: the others show the screen")
	refuse(o.Styles && o.Format != JSON, "styles", "goes with format=json only: text has escapes, and pictures have styles anyway")
	refuse(o.Escapes && o.Format != Text, "escapes", "goes with text only: JSON has styles, and pictures have them anyway")
	refuse(o.Join && o.Format != Text, "join", "goes with text only: in joined lines there is no place for a cursor, nor for a picture's cells")
	refuse(o.Trim && o.Format.picture(), "trim", "goes with text and JSON only: a picture is of the whole screen")
	if len(fields) == 0 {
		return nil
	}
	return &InvalidError{Fields: fields}
}
