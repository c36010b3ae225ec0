package controlmode

import (
	"context"
	"errors"
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
	cmd := newCommand("split-window -P -F").word(paneFormat).to(t)
	if o.Side == Right || o.Side == Left {
		cmd.word("-h")
	}
	if o.Side == Above || o.Side == Left {
		cmd.word("-b")
	}
	if o.Detached {
		cmd.word("-d")
	}
	if o.Size > 0 {
		cmd.word("-l").number(o.Size)
		if o.Percent {
			cmd.text = append(cmd.text, '%')
		}
	}
	o.appendTo(cmd)
	return c.newPane(ctx, cmd, 1)
}

// SelectPane makes a pane its window's active one; the window need not be the
// session's current one. It fails with ErrNotFound.
func (c Client) SelectPane(ctx context.Context, t Target) error {
	return c.do(ctx, newCommand("select-pane").to(t))
}

// ResizePane gives a pane a size in cells, of which 0 leaves one as it is, as far
// as its neighbours allow. It fails with ErrNotFound.
func (c Client) ResizePane(ctx context.Context, t Target, width, height int) error {
	cmd := newCommand("resize-pane").to(t)
	if width > 0 {
		cmd.word("-x").number(width)
	}
	if height > 0 {
		cmd.word("-y").number(height)
	}
	return c.do(ctx, cmd)
}

// ToggleZoom makes a pane fill its window, or undoes it. It fails with ErrNotFound.
func (c Client) ToggleZoom(ctx context.Context, t Target) error {
	return c.do(ctx, newCommand("resize-pane -Z").to(t))
}

// SwapPane makes two panes take each other's place. It fails with ErrNotFound.
func (c Client) SwapPane(ctx context.Context, t, with Target) error {
	cmd := newCommand("swap-pane -d").to(t).word("-s")
	cmd.text = with.appendTo(append(cmd.text, ' '))
	return c.do(ctx, cmd)
}

// KillPane ends a pane and the program in it, with the last one its window, and
// with the last window its session. It fails with ErrNotFound.
func (c Client) KillPane(ctx context.Context, t Target) error {
	return c.do(ctx, newCommand("kill-pane").to(t))
}

// RespawnPane starts a program in a pane whose own has ended, the same again if
// o has no command; with kill, one that runs is ended first. It fails with
// ErrNotFound, ErrPaneAlive, or ErrNoResources.
//
// A Hub that was ever told of the pane must have it paused meanwhile, or tmux
// crashes (issue 5499, to 3.6a).
func (c Client) RespawnPane(ctx context.Context, t Target, kill bool, o ProgramOptions) error {
	cmd := newCommand("respawn-pane").to(t)
	if kill {
		cmd.word("-k")
	}
	o.appendTo(cmd)
	return c.do(ctx, cmd)
}
