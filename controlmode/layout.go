package controlmode

import (
	"context"
	"errors"

	"interplexer/controlmode/internal/wire"
)

// Errors of the methods that change panes.
var (
	// ErrNoSpace: the window is too small for another pane.
	ErrNoSpace = errors.New("controlmode: no space for a new pane")
	// ErrPaneAlive: the pane's program has not ended.
	ErrPaneAlive = errors.New("controlmode: the pane's program has not ended")
)

// Side is where a new pane is to be, seen from the one that is split.
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
	Size     int  // lines, or columns of a pane at a side; 0: half
	Percent  bool // Size is in percent
	Detached bool // the active pane stays what it is
}

// SplitWindow makes a pane beside another and returns it. It fails with
// ErrNotFound, with ErrNoSpace, and with ErrNoResources when tmux can start no
// program.
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

// SelectPane makes a pane its window's active one; the window need not be the
// session's current one. It fails with ErrNotFound.
func (c Client) SelectPane(ctx context.Context, t Target) error {
	return c.do(ctx, wire.NewCommand("select-pane").To(t))
}

// ResizePane gives a pane a size in cells, of which 0 leaves one as it is, as far
// as its neighbours allow. It fails with ErrNotFound.
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

// ToggleZoom makes a pane fill its window, or undoes it. It fails with ErrNotFound.
func (c Client) ToggleZoom(ctx context.Context, t Target) error {
	return c.do(ctx, wire.NewCommand("resize-pane -Z").To(t))
}

// SwapPane makes two panes take each other's place. It fails with ErrNotFound.
func (c Client) SwapPane(ctx context.Context, t, with Target) error {
	return c.do(ctx, wire.NewCommand("swap-pane -d").To(t).From(with))
}

// KillPane ends a pane and the program in it, with the last one its window, and
// with the last window its session. It fails with ErrNotFound.
func (c Client) KillPane(ctx context.Context, t Target) error {
	return c.do(ctx, wire.NewCommand("kill-pane").To(t))
}

// RespawnPane starts a program in a pane whose own has ended, the same again if
// o has no command; with kill, one that runs is ended first. It fails with
// ErrNotFound, ErrPaneAlive, or ErrNoResources.
//
// A Hub that was ever told of the pane must have it paused meanwhile, or tmux
// crashes (issue 5499, to 3.6a).
func (c Client) RespawnPane(ctx context.Context, t Target, kill bool, o ProgramOptions) error {
	cmd := wire.NewCommand("respawn-pane").To(t)
	if kill {
		cmd.Word("-k")
	}
	o.appendTo(cmd)
	return c.do(ctx, cmd)
}
