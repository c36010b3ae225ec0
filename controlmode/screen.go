package controlmode

import (
	"context"
	"fmt"

	"interplexer/controlmode/internal/wire"
)

// ScreenOptions choose how CaptureScreen shows a pane; the zero value is as
// CapturePane does.
type ScreenOptions struct {
	Escapes bool // with the escape sequences of styles: SGR, SO and SI, and OSC 8
	Join    bool // wrapped lines are joined, and keep the blanks at their ends
	Pad     bool // keep the blanks at the ends of lines
}

// words appends the options to a capture-pane.
func (o ScreenOptions) words(cmd *wire.Command) {
	for _, flag := range []struct {
		name string
		set  bool
	}{{"-e", o.Escapes}, {"-J", o.Join}, {"-N", o.Pad}} {
		if flag.set {
			cmd.Word(flag.name)
		}
	}
}

// PaneState is what a pane's screen shows besides its text.
type PaneState struct {
	Width, Height int    // cells
	CursorX       int    // from 0; Width when the next character wraps
	CursorY       int    // from 0
	CursorHidden  bool   //
	Alternate     bool   // the alternate screen is shown
	HistorySize   int    // lines
	Mode          string // such as copy-mode; empty: none
}

// stateFormat holds numbers, and a name of tmux's own; the height comes first, as
// it counts lines.
const stateFormat = "'#{pane_height} #{pane_width} #{cursor_x} #{cursor_y} #{cursor_flag} #{alternate_on} #{history_size} #{pane_mode}'"

func parseState(body []byte) (PaneState, error) {
	r := wire.RecordReader{Rest: string(body)}
	s := PaneState{Height: r.Number(), Width: r.Number(), CursorX: r.Number(), CursorY: r.Number()}
	s.CursorHidden = !r.Flag()
	s.Alternate = r.Flag()
	s.HistorySize = r.Number()
	s.Mode = r.Word()
	r.Newline()
	if r.Bad {
		return PaneState{}, fmt.Errorf("%w: a pane's state is %q", ErrProtocol, body)
	}
	return s, nil
}

// CaptureScreen returns the visible screen of a pane, each line ended by \n, and
// its state, both of one moment. It fails as CapturePane does.
func (c Client) CaptureScreen(ctx context.Context, t Target, o ScreenOptions) ([]byte, PaneState, error) {
	head, text, err := c.capture(ctx, captured{target: t, head: stateFormat, options: o})
	if err != nil {
		return nil, PaneState{}, err
	}
	state, err := parseState(head)
	if err != nil {
		return nil, PaneState{}, err
	}
	return text, state, nil
}
