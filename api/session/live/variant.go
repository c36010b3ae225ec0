package live

import (
	"context"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// variant is the form of a screen that tmux is asked for. Trimming and rendering are not
// part of it: they use a capture of their variant. The zero value is plain text.
type variant struct {
	escapes bool
	join    bool
	state   bool // with the pane's state, and, with escapes, with coloured blanks at the ends of lines
	lines   int
	trim    bool // before the last lines are chosen
}

func variantOf(o session.CaptureOptions) variant {
	return variant{
		escapes: o.Escapes || o.Styles || o.Format.IsPicture(), join: o.Join, state: o.Format != session.Text,
		lines: o.Lines, trim: o.Trim && o.Lines > 0,
	}
}

// viewKey is a pane and the variant of its screen that somebody looks at.
type viewKey struct {
	pane    string // "": the active one
	variant variant
}

func keyOf(o session.CaptureOptions) viewKey { return viewKey{o.Pane, variantOf(o)} }

// rawCapture is tmux's response to one capture.
type rawCapture struct {
	text     []byte
	hasState bool // its variant has a state
	state    controlmode.PaneState
}

// capture asks tmux for a variant of a screen.
func (v variant) capture(ctx context.Context, c controlmode.Client, t controlmode.Target) (rawCapture, error) {
	if v == (variant{}) {
		text, err := c.CapturePane(ctx, t)
		return rawCapture{text: text}, err
	}
	if v.lines > 0 {
		text, err := v.captureLines(ctx, c, t)
		return rawCapture{text: text}, err
	}
	o := controlmode.ScreenOptions{Escapes: v.escapes, Join: v.join, Pad: v.escapes && v.state}
	text, state, err := c.CaptureScreen(ctx, t, o)
	if !v.state {
		return rawCapture{text: text}, err
	}
	return rawCapture{text: text, hasState: true, state: state}, err
}

func (v variant) captureLines(ctx context.Context, c controlmode.Client, t controlmode.Target) ([]byte, error) {
	lines := controlmode.Lines{Newest: v.lines, Escapes: v.escapes, Join: v.join}
	if v.trim || v.join { // these may leave fewer lines than were captured
		lines.Newest, lines.First, lines.Last = 0, -v.lines, controlmode.ScreenEnd
	}
	var text []byte
	err := c.CaptureLines(ctx, t, lines, func(piece []byte) error {
		text = append(text, piece...)
		return nil
	})
	if v.trim {
		text = TrimBlankLines(text)
	}
	return controlmode.LastLines(text, v.lines), err
}
