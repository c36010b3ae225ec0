package controlmode

import (
	"context"
	"fmt"
	"strconv"

	"interplexer/controlmode/internal/wire"
)

// Place is the place of a pane's cursor, with the state that shows whether it has
// moved since. Rows count from the oldest row of the history, so the cursor is on row
// History+CursorY.
type Place struct {
	History      int // rows of history
	HistoryLimit int // when it has so many rows, tmux drops the oldest tenth of the limit
	Width        int // cells
	Height       int
	CursorX      int // from 0; Width when the next character wraps
	CursorY      int
	Alternate    bool // the alternate screen is shown
	MainX        int  // then: the cursor of the main screen
	MainY        int
}

// placeFormat expands to numbers only.
const placeFormat = "'#{history_size} #{history_limit} #{pane_width} #{pane_height} #{cursor_x} #{cursor_y} " +
	"#{alternate_on} #{?alternate_on,#{alternate_saved_x},0} #{?alternate_on,#{alternate_saved_y},0}'"

func parsePlace(body []byte) (Place, error) {
	r := wire.RecordReader{Rest: string(body)}
	p := Place{
		History: r.Number(), HistoryLimit: r.Number(), Width: r.Number(), Height: r.Number(),
		CursorX: r.Number(), CursorY: r.Number(), Alternate: r.Flag(), MainX: r.Number(), MainY: r.Number(),
	}
	r.Newline()
	if r.Bad {
		return Place{}, fmt.Errorf("%w: a pane's place is %q", ErrProtocol, body)
	}
	return p, nil
}

// SendKeysFrom is SendKeys, and returns where the cursor was when the typing began.
// tmux runs no other command between the two.
func (c Client) SendKeysFrom(ctx context.Context, t Target, in *Input) (Place, error) {
	noting := *in
	noting.reportPlace = true
	blocks, err := c.sendKeys(ctx, t, &noting)
	if err != nil {
		return Place{}, err
	}
	return parsePlace(blocks[1].Body)
}

// Joined is the text of a pane from one of its rows to the end of its screen, with
// the place of its cursor at that moment.
type Joined struct {
	Place
	First int // number of the first row: 0 is the first of the screen, -1 the newest of the history
	// Text is the lines, each ended by \n. A line that the pane wraps is one line.
	// Blanks at the ends of lines may be there or not.
	Text []byte
}

// CaptureJoined captures a pane from a row, by tmux's number, to the end of its
// screen, with wrapped lines joined. A number beyond the pane's rows means its first
// or last row. It fails with ErrNotFound when the pane is gone.
func (c Client) CaptureJoined(ctx context.Context, t Target, first int) (Joined, error) {
	printed, text, err := c.capture(ctx, captureSpec{
		target: t, format: placeFormat, options: ScreenOptions{Join: true},
		rangeFlags: "-S " + strconv.Itoa(min(first, maxLine)),
	})
	if err != nil {
		return Joined{}, err
	}
	place, err := parsePlace(printed)
	if err != nil {
		return Joined{}, err
	}
	return Joined{Place: place, First: min(max(first, -place.History), place.Height-1), Text: text}, nil
}
