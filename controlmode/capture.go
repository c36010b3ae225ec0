package controlmode

import (
	"context"
	"fmt"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// ScreenOptions choose how CaptureScreen shows a pane. The zero value is as
// CapturePane does.
type ScreenOptions struct {
	Escapes bool // with the escape sequences of styles: SGR, SO and SI, and OSC 8
	Join    bool // wrapped lines are joined, and keep the blanks at their ends
	Pad     bool // keep the blanks at the ends of lines
}

// flags are the options as flags of capture-pane.
func (o ScreenOptions) flags() string {
	var flags []string
	if o.Escapes {
		flags = append(flags, "-e")
	}
	if o.Join {
		flags = append(flags, "-J")
	}
	if o.Pad {
		flags = append(flags, "-N")
	}
	return strings.Join(flags, " ")
}

// PaneState is the state of a pane's screen besides its text.
type PaneState struct {
	Width, Height int    // cells
	CursorX       int    // from 0; Width when the next character wraps
	CursorY       int    // from 0
	CursorHidden  bool   // the program has hidden the cursor
	Alternate     bool   // the alternate screen is shown
	HistorySize   int    // lines
	Mode          string // such as copy-mode; empty: none
}

// stateFormat expands to numbers, and to the name of a mode, which tmux sets.
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

// CapturePane returns the visible screen of a pane as tmux holds it: exactly
// as many lines as the pane is high, each ended by \n, without the blanks at
// their ends. It fails with ErrNotFound when the pane, or the session, is gone.
func (c Client) CapturePane(ctx context.Context, t Target) ([]byte, error) {
	overruns := c.version.has(overrunBuffers)
	line := captureLine{version: c.version}
	if overruns || !c.version.has(leakyCapture) {
		line.print(t, "'#{pane_height}'")
	}
	line.capture(t, "", false)
	req := line.request()
	if !line.fromBuffer { // the height says where the text ends: no nonce is needed
		req.frame, req.nonce = wire.Frame{Blocks: 2, Counted: 1}, false
	}
	blocks, err := c.send(ctx, line.Command, req)
	if err != nil {
		return nil, err
	}
	height := 0
	if overruns {
		r := wire.RecordReader{Rest: string(blocks[0].Body)}
		height = r.Number()
		if r.Newline(); r.Bad {
			return nil, fmt.Errorf("%w: a pane's height is %q", ErrProtocol, blocks[0].Body)
		}
	}
	return line.text(blocks, height)
}

// CaptureScreen returns the visible screen of a pane, each line ended by \n, and
// its state, both of one moment. It fails as CapturePane does.
func (c Client) CaptureScreen(ctx context.Context, t Target, o ScreenOptions) ([]byte, PaneState, error) {
	printed, text, err := c.capture(ctx, captureSpec{target: t, format: stateFormat, options: o})
	if err != nil {
		return nil, PaneState{}, err
	}
	state, err := parseState(printed)
	if err != nil {
		return nil, PaneState{}, err
	}
	return text, state, nil
}

// captureSpec describes a capture of any number of lines, and a format that is
// printed on the same command line, so that both are of one moment.
type captureSpec struct {
	target     Target
	format     string // expands to tmux's own text only
	options    ScreenOptions
	rangeFlags string // -S and -E with their numbers; empty: the screen
	bulk       bool   // takes long: see request
}

// capture returns the expanded format and the captured text.
func (c Client) capture(ctx context.Context, k captureSpec) (printed, text []byte, err error) {
	line := captureLine{version: c.version}
	line.print(k.target, k.format)
	line.capture(k.target, strings.TrimSpace(k.options.flags()+" "+k.rangeFlags), true)
	req := line.request()
	req.bulk = k.bulk
	blocks, err := c.send(ctx, line.Command, req)
	if err != nil {
		return nil, nil, err
	}
	text, err = line.text(blocks, 0)
	return blocks[0].Body, text, err
}

// LastLines returns the last n lines of a captured text. Those of a capture with
// Escapes begin with the sequences that lead to their first line's style.
func LastLines(text []byte, n int) []byte { return wire.LastLines(text, n) }
