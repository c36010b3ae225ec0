package controlmode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"interplexer/controlmode/internal/wire"
)

// PaneInfo is one pane as list-panes shows it.
type PaneInfo struct {
	Session SessionID
	Window  WindowID
	Pane    PaneID
	Active  bool // the active pane of its session's current window
	Width   int  // cells
	Height  int
	PID     int  // of the program that tmux started in the pane
	Dead    bool // that program has ended, and the pane has stayed
}

// paneFields are ids and numbers only, which no program can set. Each field takes
// tmux a microsecond for each pane, and a condition several.
const paneFields = "#{session_id} #{window_id} #{pane_id} #{window_active} #{pane_active} " +
	"#{pane_width} #{pane_height} #{pane_pid} #{pane_dead}"

const paneFormat = "'" + paneFields + "'"

// ListPanes lists the panes of one session in tmux's order. It fails with
// ErrNotFound.
func (c Client) ListPanes(ctx context.Context, s SessionID) ([]PaneInfo, error) {
	return c.listPanes(ctx, wire.NewCommand("list-panes -s").To(ActivePane(s)).Word("-F").Word(paneFormat))
}

// notAnchor leaves out the anchors' panes: those of windows that are linked into a
// Hub are listed by their own session.
var notAnchor = fmt.Sprintf("'#{!=:#{=%d:session_name},%s}'", len(anchorPrefix), anchorPrefix)

// ListAllPanes lists the panes of every session of the tmux server, except those of
// control clients.
func (c Client) ListAllPanes(ctx context.Context) ([]PaneInfo, error) {
	return c.listPanes(ctx, wire.NewCommand("list-panes -a -f").Word(notAnchor).Word("-F").Word(paneFormat))
}

func (c Client) listPanes(ctx context.Context, cmd *wire.Command) ([]PaneInfo, error) {
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return nil, err
	}
	return parsePanes(blocks[0].Body)
}

// parsePanes reads lines of paneFormat.
func parsePanes(body []byte) ([]PaneInfo, error) {
	r := wire.RecordReader{Rest: string(body)}
	var list []PaneInfo
	for r.More() {
		list = append(list, readPaneInfo(&r))
		r.Newline()
	}
	if r.Bad {
		return nil, fmt.Errorf("%w: a list of panes is %q", ErrProtocol, body)
	}
	return list, nil
}

// readPaneInfo reads paneFields.
func readPaneInfo(r *wire.RecordReader) PaneInfo {
	p := PaneInfo{Session: r.Session(), Window: r.Window(), Pane: r.Pane()}
	inActiveWindow, active := r.Flag(), r.Flag()
	p.Active = inActiveWindow && active
	p.Width, p.Height, p.PID, p.Dead = r.Number(), r.Number(), r.Number(), r.Flag()
	return p
}

// ReapChildren makes the tmux server look which of its programs have ended (it sends
// SIGCHLD). Up to 3.5, tmux may miss that one has, and then has a dead pane without
// an ExitStatus. Soon after the call the pane has one, if it ever will.
func ReapChildren(id ServerID) {
	if id.PID > 1 {
		_ = syscall.Kill(id.PID, syscall.SIGCHLD)
	}
}

// PaneDetail is one pane and its window, with all that is known of them. Texts come
// from programs or users and may hold anything. From 3.4 on, tmux writes control
// characters and invalid UTF-8 in them as vis(3) does (\n, \033), in a way that
// cannot be undone.
type PaneDetail struct {
	PaneInfo
	Index         int  // in its window
	ActiveInside  bool // the active pane of its window
	Left, Top     int  // in its window, cells
	CursorX       int
	CursorY       int
	CursorVisible bool
	Alternate     bool   // the alternate screen is shown
	HistorySize   int    // lines
	ExitStatus    int    // of a dead pane's program; -1: it has none
	Signal        int    // the signal that ended a dead pane's program; 0: none (tmux 3.3)
	Mode          string // "copy-mode" and others; empty: none
	Title         string
	Command       string // the name of the foreground program
	Path          string // the foreground program's working directory

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

// detailNumberFields are the fields that no program or user can set. An x precedes
// those that may be empty.
const detailNumberFields = paneFields + " " +
	"#{pane_index} #{?pane_active,1,0} #{pane_left} #{pane_top} #{cursor_x} #{cursor_y} #{?cursor_flag,1,0} " +
	"#{?alternate_on,1,0} #{history_size} x#{pane_dead_status} x#{pane_dead_signal} x#{pane_mode} " +
	"#{window_index} #{?window_active,1,0} #{window_width} #{window_height} #{?window_zoomed_flag,1,0} #{window_layout} "

// detailTextFields are the fields that programs or users can set.
var detailTextFields = []string{"pane_title", "pane_current_command", "pane_current_path", "window_name"}

// DescribePanes lists the panes of one session in tmux's order, as they are at one
// moment. It fails with ErrNotFound.
func (c Client) DescribePanes(ctx context.Context, s SessionID) ([]PaneDetail, error) {
	// A random mark that nobody can have put into them separates the texts. Their
	// lengths would not do, because from 3.4 on tmux encodes its output.
	mark := randomNonce()
	format := detailNumberFields + mark
	for _, text := range detailTextFields {
		format += "#{" + text + "}" + mark
	}
	cmd := wire.NewCommand("list-panes -s").To(ActivePane(s)).Word("-F").Arg(format)
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return nil, err
	}
	return parseDetails(string(blocks[0].Body), mark)
}

// parseDetails reads lines of detailNumberFields and detailTextFields.
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

// Errors of the methods that change panes.
var (
	// ErrNoSpace: the window is too small for another pane.
	ErrNoSpace = errors.New("controlmode: no space for a new pane")
	// ErrPaneAlive: the pane's program has not ended.
	ErrPaneAlive = errors.New("controlmode: the pane's program has not ended")
)

// Side is the place of a new pane, seen from the pane that is split.
type Side int

// The sides of a pane.
const (
	Below Side = iota
	Above
	Right
	Left
)

// SplitOptions describe a new pane beside another.
type SplitOptions struct {
	ProgramOptions
	Side     Side
	Size     int  // lines, or columns for Left and Right; 0: half
	Percent  bool // Size is in percent
	Detached bool // the active pane stays active
}

// SplitWindow makes a pane beside another and returns it. It fails with ErrNotFound,
// with ErrNoSpace, and with ErrNoResources when tmux can start no program.
func (c Client) SplitWindow(ctx context.Context, t Target, o SplitOptions) (PaneInfo, error) {
	cmd := wire.NewCommand("split-window -P -F").Word(paneFormat).To(t)
	if o.Side == Right || o.Side == Left {
		cmd.Word("-h")
	}
	if o.Side == Above || o.Side == Left {
		cmd.Word("-b")
	}
	if o.Detached {
		cmd.Word("-d")
	}
	if o.Size > 0 {
		cmd.Word("-l").Size(o.Size, o.Percent)
	}
	o.appendTo(cmd)
	return c.newPane(ctx, cmd, 1)
}

// SelectPane makes a pane its window's active one. The window need not be the
// session's current one. It fails with ErrNotFound.
func (c Client) SelectPane(ctx context.Context, t Target) error {
	return c.do(ctx, wire.NewCommand("select-pane").To(t))
}

// ResizePane gives a pane a size in cells, as far as its neighbours allow. A 0 leaves
// the width or the height unchanged. It fails with ErrNotFound.
func (c Client) ResizePane(ctx context.Context, t Target, width, height int) error {
	cmd := wire.NewCommand("resize-pane").To(t)
	if width > 0 {
		cmd.Word("-x").Number(width)
	}
	if height > 0 {
		cmd.Word("-y").Number(height)
	}
	return c.do(ctx, cmd)
}

// ToggleZoom makes a pane fill its window, or undoes that. It fails with ErrNotFound.
func (c Client) ToggleZoom(ctx context.Context, t Target) error {
	return c.do(ctx, wire.NewCommand("resize-pane -Z").To(t))
}

// SwapPane makes two panes take each other's place. It fails with ErrNotFound.
func (c Client) SwapPane(ctx context.Context, t, with Target) error {
	return c.do(ctx, wire.NewCommand("swap-pane -d").To(t).From(with))
}

// KillPane ends a pane and the program in it. The last pane of a window takes the
// window with it, and the last window its session. It fails with ErrNotFound.
func (c Client) KillPane(ctx context.Context, t Target) error {
	return c.do(ctx, wire.NewCommand("kill-pane").To(t))
}

// RespawnPane starts a program in a pane whose program has ended: the same one again
// if o has no command. With kill, a program that still runs is ended first. It fails
// with ErrNotFound, ErrPaneAlive, or ErrNoResources.
//
// A Hub that has ever received output of the pane must have it paused meanwhile, or
// tmux crashes (issue 5499, up to 3.6a).
func (c Client) RespawnPane(ctx context.Context, t Target, kill bool, o ProgramOptions) error {
	cmd := wire.NewCommand("respawn-pane").To(t)
	if kill {
		cmd.Word("-k")
	}
	o.appendTo(cmd)
	return c.do(ctx, cmd)
}
