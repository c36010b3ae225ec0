package controlmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// Repaint is a pane's screen with all the state that a terminal needs to go on from
// it.
type Repaint struct {
	// Styled is the screen's lines, each ended by \n, with SGR escapes.
	Styled        []byte
	Width, Height int // cells
	CursorX       int // from 0
	CursorY       int
	CursorHidden  bool
	// Pending is the start of an escape sequence that the program has not completed
	// yet.
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

// repaintFormat expands to numbers only.
const repaintFormat = "'#{pane_height} #{pane_width} #{cursor_x} #{cursor_y} #{cursor_flag} #{alternate_on} " +
	"#{insert_flag} #{origin_flag} #{wrap_flag} #{keypad_cursor_flag} #{keypad_flag} " +
	"#{mouse_standard_flag} #{mouse_button_flag} #{mouse_all_flag} #{mouse_utf8_flag} #{mouse_sgr_flag} " +
	"#{scroll_region_upper} #{scroll_region_lower} #{?alternate_on,#{alternate_saved_x},0} #{?alternate_on,#{alternate_saved_y},0}'"

// Repaint captures the pane's screen with its styles over the hub's own connection.
// onAnswer is called from the reader's goroutine when the answer is complete. Repaint
// may call it several times, and the last call counts: an Output of the pane that
// comes after it was printed after the capture, or is on the captured screen already.
// With pause, none is on the screen already: the pane is paused and resumed around
// the capture, and tmux drops the output that it had buffered, which the screen
// shows. Repaint fails with ErrNotFound when the pane is gone.
func (h *Hub) Repaint(ctx context.Context, t Target, p PaneID, pause bool, onAnswer func()) (Repaint, error) {
	for {
		alternate, err := h.alternate(ctx, t)
		if err != nil {
			return Repaint{}, err
		}
		paint, err := h.repaint(ctx, t, p, repaintOptions{pause: pause, alternate: alternate, onAnswer: onAnswer})
		var refused *CommandError
		switch left := errors.As(err, &refused) && strings.HasPrefix(refused.Message, "no alternate screen"); {
		case left, err == nil && paint.Alternate != alternate: // the screen was switched in between
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

// repaintOptions are the options of one attempt at a Repaint.
type repaintOptions struct {
	pause      bool
	alternate  bool   // the pane shows its alternate screen: capture the main one, too
	mainBuffer string // then: the buffer of the main screen
	onAnswer   func()
}

// repaint sends one command line, so that all of it is of one moment. Both screens
// pass through buffers (see captureLine): an answer can hold one text of any origin
// only, so the main screen is fetched from its buffer afterwards. capture-pane -p
// with -P leaks a few bytes only. The commands that can fail come before the pause.
func (h *Hub) repaint(ctx context.Context, t Target, p PaneID, o repaintOptions) (paint Repaint, err error) {
	line := captureLine{version: h.conn.version}
	line.print(t, repaintFormat)
	if o.alternate {
		o.mainBuffer = uniqueBuffers.next()
		defer func() {
			if err != nil { // tmux may have the buffer
				h.owner.deleteLater(o.mainBuffer)
			}
		}()
		line.capturePane("-b "+o.mainBuffer, "-a -e -N", t)
	}
	if o.pause {
		line.then("refresh-client -A").Word("'" + p.String() + ":pause'")
	}
	line.capturePane("-b "+captureBuffer, "-e -N", t)
	pending := line.blocks
	line.capturePane("-p", "-P -C", t)
	if o.pause {
		line.then("refresh-client -A").Word("'" + p.String() + ":continue'")
		end := h.selfPaused.begin(p)
		defer end()
		defer h.buffering.add(p)
		o.onAnswer = inTurn(end, o.onAnswer)
	}
	line.showBuffer(captureBuffer)
	req := line.request()
	req.onAnswer = o.onAnswer
	answer, err := h.conn.send(ctx, line.Command, req)
	if err != nil {
		return Repaint{}, err
	}
	return h.readRepaint(ctx, &line, answer, answer[pending].Body, o)
}

// inTurn calls two functions, of which the second may be nil.
func inTurn(first, second func()) func() {
	return func() {
		first()
		if second != nil {
			second()
		}
	}
}

// readRepaint reads the answer to a repaint, and fetches the main screen.
func (h *Hub) readRepaint(ctx context.Context, line *captureLine, answer []wire.Block, pending []byte, o repaintOptions) (Repaint, error) {
	paint, err := parseRepaint(answer[0].Body)
	if err != nil {
		return Repaint{}, err
	}
	if paint.Pending, err = wire.DecodeVis(bytes.TrimSuffix(pending, []byte("\n"))); err != nil {
		return Repaint{}, err
	}
	if o.alternate {
		if paint.Main, err = h.takeBuffer(ctx, o.mainBuffer, paint.Height); err != nil {
			return Repaint{}, err
		}
	}
	paint.Styled, err = line.text(answer, paint.Height)
	return paint, err
}

// takeBuffer returns the text in a buffer of a capture of so many lines, and deletes
// the buffer.
func (h *Hub) takeBuffer(ctx context.Context, name string, lines int) ([]byte, error) {
	line := captureLine{version: h.conn.version}
	line.showBuffer(name)
	blocks, err := h.conn.send(ctx, line.Command, line.request())
	if err != nil {
		return nil, err
	}
	return line.text(blocks, lines)
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
