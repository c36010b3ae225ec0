package controlmode

import (
	"context"
	"fmt"
)

// Repaint is a pane's screen with all that a terminal needs to go on from it.
type Repaint struct {
	// Styled is the screen's lines, each ended by \n, with SGR escapes.
	Styled        []byte
	Width, Height int // cells
	CursorX       int // from 0
	CursorY       int
	CursorHidden  bool

	Alternate    bool // the alternate screen is shown
	Insert       bool // modes of the terminal
	Origin       bool
	NoWrap       bool
	KeypadCursor bool // application cursor keys
	Keypad       bool // application keypad
	MouseClick   bool // DECSET 1000, 1002, 1003, 1005 and 1006
	MouseDrag    bool
	MouseAll     bool
	MouseUTF8    bool
	MouseSGR     bool
	ScrollTop    int // scroll region, rows from 0
	ScrollBottom int
}

// repaintFormat holds numbers only; the height comes first, as it counts lines.
const repaintFormat = "'#{pane_height} #{pane_width} #{cursor_x} #{cursor_y} #{cursor_flag} #{alternate_on} " +
	"#{insert_flag} #{origin_flag} #{wrap_flag} #{keypad_cursor_flag} #{keypad_flag} " +
	"#{mouse_standard_flag} #{mouse_button_flag} #{mouse_all_flag} #{mouse_utf8_flag} #{mouse_sgr_flag} " +
	"#{scroll_region_upper} #{scroll_region_lower}'"

// Repaint captures the pane's screen with its styles over the hub's own
// connection. at is called from the reader's goroutine when the answer is
// complete: every Output of the pane told later than at came after the screen,
// or was in it as well. With cut none was in it: the pane is paused and resumed
// around the capture, and what tmux had kept of its output, which the screen
// shows, is dropped. It fails with ErrNotFound when the pane is gone.
func (h *Hub) Repaint(ctx context.Context, t Target, p PaneID, cut bool, at func()) (Repaint, error) {
	v := h.conn.version
	cmd := newCommand("display-message -p").to(t).word(repaintFormat)
	blocks := 2
	flow := func(state string) {
		if cut {
			cmd.then("refresh-client -A").word("'" + p.String() + ":" + state + "'")
			blocks++
		}
	}
	flow("pause")
	req := request{readOnly: true, told: at}
	if v.leaksCapture() {
		cmd.then("capture-pane -e -N -b " + captureBuffer).to(t)
		flow("continue")
		cmd.then("show-buffer -b " + captureBuffer).then("delete-buffer -b " + captureBuffer)
		blocks += 2
		req.nonce, req.frame = true, frame{blocks: blocks, free: blocks - 2, sealed: true}
	} else {
		cmd.then("capture-pane -p -e -N").to(t)
		screen := blocks - 1
		flow("continue")
		req.frame = frame{blocks: blocks, counted: screen}
	}
	answer, err := h.conn.send(ctx, cmd, req)
	if err != nil {
		return Repaint{}, err
	}
	paint, err := parseRepaint(answer[0].Body)
	if err != nil {
		return Repaint{}, err
	}
	if !v.leaksCapture() {
		paint.Styled = answer[req.frame.counted].Body
		return paint, nil
	}
	paint.Styled, err = bufferText(v, answer[req.frame.free].Body)
	return paint, err
}

func parseRepaint(body []byte) (Repaint, error) {
	r := records{rest: string(body)}
	p := Repaint{Height: r.number(), Width: r.number(), CursorX: r.number(), CursorY: r.number()}
	p.CursorHidden = !r.flag()
	p.Alternate, p.Insert, p.Origin = r.flag(), r.flag(), r.flag()
	p.NoWrap = !r.flag()
	p.KeypadCursor, p.Keypad = r.flag(), r.flag()
	p.MouseClick, p.MouseDrag, p.MouseAll, p.MouseUTF8, p.MouseSGR = r.flag(), r.flag(), r.flag(), r.flag(), r.flag()
	p.ScrollTop, p.ScrollBottom = r.number(), r.number()
	r.newline()
	if r.bad {
		return Repaint{}, fmt.Errorf("%w: a pane's state is %q", ErrProtocol, body)
	}
	return p, nil
}
