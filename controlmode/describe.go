package controlmode

import (
	"context"
	"fmt"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// PaneDetail is one pane, and its window, as whoever looks closely sees it.
// Texts are the program's or the user's: they may hold anything. From 3.4 on
// tmux writes control characters and invalid UTF-8 in them as vis(3) does (\n,
// \033), and not so that it could be undone.
type PaneDetail struct {
	PaneInfo
	Index         int  // in its window
	ActiveInside  bool // the active pane of its window
	Left, Top     int  // in its window, cells
	CursorX       int
	CursorY       int
	CursorVisible bool
	Alternate     bool   // the program has the alternate screen
	HistorySize   int    // lines
	ExitStatus    int    // of a dead pane's program; -1: it has none
	Signal        int    // that ended a dead pane's program; 0: none (tmux 3.3)
	Mode          string // "copy-mode" and others; empty: none
	Title         string
	Command       string // of the foreground program
	Path          string // its working directory

	In WindowDetail
}

// WindowDetail is one window of a session.
type WindowDetail struct {
	Window        WindowID
	Index         int  // in its session
	Active        bool // the session's current window
	Width, Height int
	Zoomed        bool   // one of its panes fills it
	Layout        string // as select-layout takes it
	Name          string
}

// detailNumbers are the fields that hold no text of any origin. What may be empty
// follows an x.
const detailNumbers = paneFields + " " +
	"#{pane_index} #{?pane_active,1,0} #{pane_left} #{pane_top} #{cursor_x} #{cursor_y} #{?cursor_flag,1,0} " +
	"#{?alternate_on,1,0} #{history_size} x#{pane_dead_status} x#{pane_dead_signal} x#{pane_mode} " +
	"#{window_index} #{?window_active,1,0} #{window_width} #{window_height} #{?window_zoomed_flag,1,0} #{window_layout} "

// detailTexts are those that do.
var detailTexts = []string{"pane_title", "pane_current_command", "pane_current_path", "window_name"}

// DescribePanes lists the panes of one session in tmux's order, as they are at
// one moment. It fails with ErrNotFound.
func (c Client) DescribePanes(ctx context.Context, s SessionID) ([]PaneDetail, error) {
	// The texts are told apart by what nobody could have put into them: their
	// lengths would not do, as from 3.4 on tmux encodes what it prints.
	mark := randomNonce()
	format := detailNumbers + mark
	for _, text := range detailTexts {
		format += "#{" + text + "}" + mark
	}
	cmd := wire.NewCommand("list-panes -s").To(ActivePane(s)).Word("-F").Arg(format)
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return nil, err
	}
	return parseDetails(string(blocks[0].Body), mark)
}

// parseDetails reads lines of detailNumbers and detailTexts.
func parseDetails(body, mark string) ([]PaneDetail, error) {
	var list []PaneDetail
	r := wire.RecordReader{Rest: body}
	for r.More() {
		list = append(list, readDetail(&r, mark))
		r.Newline()
	}
	if r.Bad {
		return nil, fmt.Errorf("%w: a list of panes is %q", ErrProtocol, body)
	}
	return list, nil
}

func readDetail(r *wire.RecordReader, mark string) PaneDetail {
	p := PaneDetail{
		PaneInfo: readPaneInfo(r),
		Index:    r.Number(), ActiveInside: r.Flag(), Left: r.Number(), Top: r.Number(),
		CursorX: r.Number(), CursorY: r.Number(), CursorVisible: r.Flag(),
		Alternate: r.Flag(), HistorySize: r.Number(),
		ExitStatus: r.Optional(-1), Signal: r.Optional(0), Mode: strings.TrimPrefix(r.Word(), "x"),
	}
	p.In = WindowDetail{
		Window: p.Window, Index: r.Number(), Active: r.Flag(), Width: r.Number(), Height: r.Number(),
		Zoomed: r.Flag(), Layout: r.Word(),
	}
	r.Until(mark)
	p.Title, p.Command, p.Path, p.In.Name = r.Until(mark), r.Until(mark), r.Until(mark), r.Until(mark)
	return p
}
