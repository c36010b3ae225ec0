package controlmode

import (
	"context"
	"fmt"
	"path"

	"interplexer/controlmode/internal/wire"
)

// ProgramOptions describe the program of a new window or pane.
type ProgramOptions struct {
	Dir     string // where it starts; empty: the session's directory
	Env     map[string]string
	Command []string // run as it is, without a shell; empty: a login shell
}

// appendTo appends the flags and the command.
func (o ProgramOptions) appendTo(cmd *wire.Command) {
	if o.Dir != "" {
		cmd.Word("-c").Format(o.Dir)
	}
	for _, name := range sortedKeys(o.Env) {
		cmd.Word("-e").Arg(name + "=" + o.Env[name])
	}
	if len(o.Command) > 0 {
		cmd.Word("--")
		for _, word := range execArguments(o.Command) {
			cmd.Arg(word)
		}
	}
}

// NewWindowOptions describe a new window of a session.
type NewWindowOptions struct {
	ProgramOptions
	Name     string // empty: the program's name
	Detached bool   // the session's current window stays current
	// RemainOnExit keeps its panes, as dead panes, when their programs have ended
	// (tmux's remain-on-exit).
	RemainOnExit bool
}

// NewWindow adds a window at the first free index and returns its one pane. It
// fails with ErrNotFound, and with ErrNoResources when tmux can start no program.
func (c Client) NewWindow(ctx context.Context, s SessionID, o NewWindowOptions) (PaneInfo, error) {
	cmd := wire.NewCommand("new-window -P -F").Word(paneFormat).To(ActivePane(s))
	if o.Detached {
		cmd.Word("-d")
	}
	if o.Name == "" && len(o.Command) > 0 {
		o.Name = path.Base(o.Command[0]) // not the name of the shell that execs it
	}
	if !o.RemainOnExit {
		if o.Name != "" {
			cmd.Word("-n").Format(o.Name)
		}
		o.appendTo(cmd)
		return c.newPane(ctx, cmd, 1)
	}
	// The option has to be set before anything can happen to the program, and the
	// window's id is not known yet. So the window first gets a name that no other
	// has.
	name := randomNonce()
	o.appendTo(cmd.Word("-n").Word(name))
	target := "'" + s.String() + ":=" + name + "'"
	cmd.Then("set-option -w -t").Word(target).Word("remain-on-exit on")
	cmd.Then("set-option -wq -t").Word(target).Word(emptyExitFormat).Then("rename-window -t").Word(target).Word("--")
	if o.Name != "" {
		cmd.Format(o.Name)
	} else {
		cmd.Word("'#{b:default-shell}'")
	}
	return c.newPane(ctx, cmd, 4)
}

// newPane runs a command line whose first command makes one pane and prints it.
func (c Client) newPane(ctx context.Context, cmd *wire.Command, commands int) (PaneInfo, error) {
	blocks, err := c.run(ctx, cmd, commands)
	if err != nil {
		return PaneInfo{}, err
	}
	panes, err := parsePanes(blocks[0].Body)
	if err != nil || len(panes) != 1 {
		return PaneInfo{}, fmt.Errorf("%w: a new pane is %q", ErrProtocol, blocks[0].Body)
	}
	return panes[0], nil
}

// RenameWindow gives a window another name, which tmux may change (see
// NewSessionOptions.Name). It fails with ErrNotFound.
func (c Client) RenameWindow(ctx context.Context, s SessionID, w WindowID, name string) error {
	return c.do(ctx, wire.NewCommand("rename-window").To(WindowOf(s, w)).Word("--").Format(name))
}

// SelectWindow makes a window its session's current one. It fails with ErrNotFound.
func (c Client) SelectWindow(ctx context.Context, s SessionID, w WindowID) error {
	return c.do(ctx, wire.NewCommand("select-window").To(WindowOf(s, w)))
}

// KillWindow ends a window and the programs in it. The last window takes its session
// with it. It fails with ErrNotFound.
func (c Client) KillWindow(ctx context.Context, s SessionID, w WindowID) error {
	return c.do(ctx, wire.NewCommand("kill-window").To(WindowOf(s, w)))
}

// Layout is one of tmux's own arrangements of a window's panes. Custom layouts are
// not offered: text that is no layout crashes the server of 3.3a.
type Layout int

// tmux's layouts.
const (
	EvenHorizontal Layout = iota
	EvenVertical
	MainHorizontal
	MainVertical
	Tiled
)

var layoutNames = [...]string{"even-horizontal", "even-vertical", "main-horizontal", "main-vertical", "tiled"}

func (l Layout) String() string { return layoutNames[l] }

// ParseLayout reads tmux's name of a layout.
func ParseLayout(name string) (Layout, error) {
	for l, known := range layoutNames {
		if name == known {
			return Layout(l), nil
		}
	}
	return 0, fmt.Errorf("controlmode: parse layout: %q is none of %v", name, layoutNames)
}

// SelectLayout arranges the panes of a window. It fails with ErrNotFound.
func (c Client) SelectLayout(ctx context.Context, s SessionID, w WindowID, l Layout) error {
	return c.do(ctx, wire.NewCommand("select-layout").To(WindowOf(s, w)).Word(l.String()))
}

// SetRemainOnExit sets whether the panes of a window stay, as dead panes, when their
// programs have ended. It fails with ErrNotFound.
func (c Client) SetRemainOnExit(ctx context.Context, s SessionID, w WindowID, keep bool) error {
	value := "off"
	if keep {
		value = "on"
	}
	// set-option alone accepts a window of another session, and then sets the option
	// of the current window. A list of no panes fails instead.
	cmd := wire.NewCommand("list-panes -f 0").To(WindowOf(s, w))
	cmd.Then("set-option -w").To(WindowOf(s, w)).Word("remain-on-exit").Word(value)
	cmd.Then("set-option -wq").To(WindowOf(s, w)).Word(emptyExitFormat)
	_, err := c.run(ctx, cmd, 3)
	return err
}

// emptyExitFormat keeps tmux from scrolling a dead pane to write into it that it is
// dead. (The option exists since 3.3.)
const emptyExitFormat = "remain-on-exit-format ''"

// do runs one command that prints nothing.
func (c Client) do(ctx context.Context, cmd *wire.Command) error {
	_, err := c.run(ctx, cmd, 1)
	return err
}
