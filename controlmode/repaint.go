package controlmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// Repaint is a pane's screen with all that a terminal needs to go on from it.
type Repaint struct {
	// Styled is the screen's lines, each ended by \n, with SGR escapes.
	Styled        []byte
	Width, Height int // cells
	CursorX       int // from 0
	CursorY       int
	CursorHidden  bool
	// Pending is the start of an escape sequence that the program has not yet
	// written to its end.
	Pending []byte

	Alternate    bool   // the alternate screen is shown
	Main         []byte // then: the main screen, as Styled
	MainCursorX  int
	MainCursorY  int
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
	"#{scroll_region_upper} #{scroll_region_lower} #{?alternate_on,#{alternate_saved_x},0} #{?alternate_on,#{alternate_saved_y},0}'"

// Repaint captures the pane's screen with its styles over the hub's own
// connection. at is called from the reader's goroutine when the answer is
// complete: every Output of the pane told later than the last at came after the
// screen, or was in it as well. With cut none was in it: the pane is paused and
// resumed around the capture, and what tmux had kept of its output, which the
// screen shows, is dropped. It fails with ErrNotFound when the pane is gone.
func (h *Hub) Repaint(ctx context.Context, t Target, p PaneID, cut bool, at func()) (Repaint, error) {
	for {
		alternate, err := h.alternate(ctx, t)
		if err != nil {
			return Repaint{}, err
		}
		paint, err := h.repaint(ctx, t, p, repaintOptions{cut: cut, alternate: alternate, at: at})
		var refused *CommandError
		switch left := errors.As(err, &refused) && strings.HasPrefix(refused.Message, "no alternate screen"); {
		case left, err == nil && paint.Alternate != alternate: // in between
		default:
			return paint, err
		}
	}
}

// alternate reports whether a pane shows its alternate screen.
func (h *Hub) alternate(ctx context.Context, t Target) (bool, error) {
	blocks, err := h.conn.send(ctx, wire.NewCommand("display-message -p").To(t).Word("'#{alternate_on}'"),
		request{frame: wire.Frame{Blocks: 1}, readOnly: true})
	if err != nil {
		return false, err
	}
	r := wire.RecordReader{Rest: string(blocks[0].Body)}
	on := r.Flag()
	if r.Bad {
		return false, fmt.Errorf("%w: a pane's state is %q", ErrProtocol, blocks[0].Body)
	}
	return on, nil
}

type repaintOptions struct {
	cut       bool
	alternate bool // the pane shows its alternate screen: capture the main one, too
	at        func()
}

// repaint is one command line, so that all of it is of one moment. Captures
// pass through buffers: see leakyCapture; -p with -P leaks a few bytes
// only. What can fail comes before the pause.
func (h *Hub) repaint(ctx context.Context, t Target, p PaneID, o repaintOptions) (paint Repaint, err error) {
	cmd := wire.NewCommand("display-message -p").To(t).Word(repaintFormat)
	blocks := 1
	then := func(name string) *wire.Command {
		blocks++
		return cmd.Then(name)
	}
	main := "" // the buffer of the main screen; only one on a line can hold any text
	if o.alternate {
		main = lastingBuffers.next()
		then("capture-pane -a -e -N -b " + main).To(t)
	}
	if o.cut {
		then("refresh-client -A").Word("'" + p.String() + ":pause'")
	}
	then("capture-pane -e -N -b " + captureBuffer).To(t)
	pending := blocks
	then("capture-pane -p -P -C").To(t)
	if o.cut {
		then("refresh-client -A").Word("'" + p.String() + ":continue'")
	}
	f := wire.Frame{Free: blocks, Sealed: true}
	then("show-buffer -b " + captureBuffer)
	then("delete-buffer -b " + captureBuffer)
	f.Blocks = blocks
	at := o.at
	if o.cut {
		end := h.cuts.begin(p)
		defer end()
		defer h.kept.add(p)
		at = func() {
			end()
			if o.at != nil {
				o.at()
			}
		}
	}
	defer func() {
		if err != nil && main != "" { // it may be there
			h.owner.dropLater(main)
		}
	}()
	answer, err := h.conn.send(ctx, cmd, request{frame: f, nonce: true, readOnly: true, told: h.conn.version.has(toldBuffers), at: at})
	if err != nil {
		return Repaint{}, err
	}
	if paint, err = parseRepaint(answer[0].Body); err != nil {
		return Repaint{}, err
	}
	if paint.Pending, err = wire.DecodeVis(bytes.TrimSuffix(answer[pending].Body, []byte("\n"))); err != nil {
		return Repaint{}, err
	}
	if o.alternate {
		if paint.Main, err = h.takeBuffer(ctx, main, paint.Height); err != nil {
			return Repaint{}, err
		}
	}
	paint.Styled, err = bufferLines(h.conn.version, answer[f.Free].Body, paint.Height)
	return paint, err
}

// takeBuffer is what a buffer of a capture of so many lines holds, and deletes
// it.
func (h *Hub) takeBuffer(ctx context.Context, name string, lines int) ([]byte, error) {
	cmd := wire.NewCommand("show-buffer -b " + name).Then("delete-buffer -b " + name)
	blocks, err := h.conn.send(ctx, cmd, request{
		frame: wire.Frame{Blocks: 2, Sealed: true}, nonce: true, readOnly: true, told: h.conn.version.has(toldBuffers),
	})
	if err != nil {
		return nil, err
	}
	return bufferLines(h.conn.version, blocks[0].Body, lines)
}

func parseRepaint(body []byte) (Repaint, error) {
	r := wire.RecordReader{Rest: string(body)}
	p := Repaint{Height: r.Number(), Width: r.Number(), CursorX: r.Number(), CursorY: r.Number()}
	p.CursorHidden = !r.Flag()
	p.Alternate, p.Insert, p.Origin = r.Flag(), r.Flag(), r.Flag()
	p.NoWrap = !r.Flag()
	p.KeypadCursor, p.Keypad = r.Flag(), r.Flag()
	p.MouseClick, p.MouseDrag, p.MouseAll, p.MouseUTF8, p.MouseSGR = r.Flag(), r.Flag(), r.Flag(), r.Flag(), r.Flag()
	p.ScrollTop, p.ScrollBottom = r.Number(), r.Number()
	p.MainCursorX, p.MainCursorY = r.Number(), r.Number()
	r.Newline()
	if r.Bad {
		return Repaint{}, fmt.Errorf("%w: a pane's state is %q", ErrProtocol, body)
	}
	return p, nil
}
