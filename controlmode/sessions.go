package controlmode

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"sort"

	"interplexer/controlmode/internal/wire"
)

// NewSessionOptions describe a new session.
type NewSessionOptions struct {
	Name          string // required; tmux changes "." and ":" in it
	Width, Height int    // cells, 1 to 10,000; 0: 80 and 24
	Dir           string // where its programs start; empty: tmux's own directory
	Env           map[string]string
	Command       []string // run as it is, without a shell; empty: a login shell

	// Options are user options, whose names start with @. They are set before
	// anything else can happen to the session. With any of them, or with
	// RemainOnExit, Name must be plain: see ErrPlainName.
	Options map[string]string
	// RemainOnExit keeps the panes of its window, as dead panes, when their programs
	// have ended (tmux's remain-on-exit).
	RemainOnExit bool
}

// NewSession creates a detached session and returns its one pane. It fails with
// ErrDuplicate when the name is taken, with ErrNoResources when tmux can start no
// program, and with ErrOptionName or ErrPlainName.
func (c Client) NewSession(ctx context.Context, o NewSessionOptions) (PaneInfo, error) {
	if err := o.checkOptions(); err != nil {
		return PaneInfo{}, err
	}
	cmd := wire.NewCommand("new-session -d -P -F").Word(paneFormat)
	cmd.Word("-x").Number(cmp.Or(o.Width, 80)).Word("-y").Number(cmp.Or(o.Height, 24))
	cmd.Word("-s").Format(o.Name)
	ProgramOptions{Dir: o.Dir, Env: o.Env, Command: o.Command}.appendTo(cmd)
	for _, name := range sortedKeys(o.Options) {
		cmd.Then("set-option -t").Arg("=" + o.Name + ":").Arg(name).Arg(o.Options[name])
	}
	commands := 1 + len(o.Options)
	if o.RemainOnExit {
		cmd.Then("set-option -w -t").Arg("=" + o.Name + ":").Word("remain-on-exit on")
		cmd.Then("set-option -wq -t").Arg("=" + o.Name + ":").Word(emptyExitFormat)
		commands += 2
	}
	return c.newPane(ctx, cmd, commands)
}

// execArguments makes tmux run exactly the given program. tmux passes a single
// argument to a shell, and only several to exec.
func execArguments(command []string) []string {
	if len(command) > 1 {
		return command
	}
	return []string{"/bin/sh", "-c", `exec "$0"`, command[0]}
}

// KillSession ends a session and the programs in it. It fails with ErrNotFound.
func (c Client) KillSession(ctx context.Context, s SessionID) error {
	_, err := c.run(ctx, wire.NewCommand("kill-session").To(ActivePane(s)), 1)
	return err
}

// ResizeWindow gives a session's current window a size in cells. The window keeps it,
// whatever the size of attached clients. A 0 leaves the width or the height
// unchanged. It fails with ErrNotFound.
func (c Client) ResizeWindow(ctx context.Context, s SessionID, width, height int) error {
	cmd := wire.NewCommand("resize-window").To(ActivePane(s))
	if width > 0 {
		cmd = cmd.Word("-x").Number(width)
	}
	if height > 0 {
		cmd = cmd.Word("-y").Number(height)
	}
	_, err := c.run(ctx, cmd, 1)
	return err
}

// RenameSession gives a session another name, which tmux may change (see
// NewSessionOptions.Name). It fails with ErrNotFound or ErrDuplicate.
func (c Client) RenameSession(ctx context.Context, s SessionID, name string) error {
	cmd := wire.NewCommand("rename-session").To(ActivePane(s)).Word("--").Format(name)
	_, err := c.run(ctx, cmd, 1)
	return err
}

// SessionInfo is one session as list-sessions shows it.
type SessionInfo struct {
	ID     SessionID
	Name   string
	Option string // the value of the requested user option; empty if it is unset or not all printable ASCII
}

// ListSessions lists every session of the tmux server, including the anchors of
// control clients, with the value of one user option ("@name"). From 3.4 on, tmux
// encodes all but plain text in its output, which changes its length, so a value that
// is not plain counts as unset. ListSessions fails with ErrOptionName, and with
// ErrDown when tmux is ending.
func (c Client) ListSessions(ctx context.Context, option string) ([]SessionInfo, error) {
	if err := checkOption(option); err != nil {
		return nil, err
	}
	// Lengths come first because names and options may hold newlines.
	cmd := wire.NewCommand("list-sessions -F").Arg(fmt.Sprintf(
		"#{session_id} #{n:session_name} #{?#{m/r:^[ -~]*$,#{%[1]s}},#{n:%[1]s} #{session_name}#{%[1]s},0 #{session_name}}", option))
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return nil, err
	}
	r := wire.RecordReader{Rest: string(blocks[0].Body)}
	var list []SessionInfo
	for r.More() {
		id := r.Session()
		name, value := r.Number(), r.Number()
		list = append(list, SessionInfo{ID: id, Name: r.Text(name), Option: r.Text(value)})
		r.Newline()
	}
	if r.Bad {
		return nil, fmt.Errorf("%w: list-sessions answered %q", ErrProtocol, blocks[0].Body)
	}
	if len(list) == 0 {
		// Not even our own session is there. A tmux server that is told to end, by a
		// signal or by kill-server, ends every session before it handles later
		// commands. With a target it would have answered "no current target".
		return nil, fmt.Errorf("%w: tmux is ending", ErrDown)
	}
	return list, nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Errors of user options; nothing was sent.
var (
	// ErrOptionName: the name of a user option is not "@" followed by letters,
	// digits, "_" and "-".
	ErrOptionName = errors.New("controlmode: not a user option's name")
	// ErrPlainName: a session that gets user options when it is created must be named
	// by letters, digits, "_", "-" and blanks.
	ErrPlainName = errors.New("controlmode: not a plain session name")
)

var (
	optionName = regexp.MustCompile("^@[A-Za-z0-9_-]+$")
	plainName  = regexp.MustCompile("^[A-Za-z0-9_ -]+$")
)

// checkOption refuses a name that tmux would expand: set-option runs #(cmd) in an
// option's name, and so does a list in the #{name} that asks for its value.
func checkOption(name string) error {
	if !optionName.MatchString(name) {
		return fmt.Errorf("%w: %q", ErrOptionName, name)
	}
	return nil
}

// checkOptions refuses a name by which set-option, in the line that creates the
// session, might not find that session. set-option gets the name as it was given.
// tmux may have changed it ("." and ":", control characters), or may read it as
// another session's id ("$0"). Also, its error would print the name unchanged, where
// only tmux's own text is expected (see wire.Frame).
func (o NewSessionOptions) checkOptions() error {
	if (len(o.Options) > 0 || o.RemainOnExit) && !plainName.MatchString(o.Name) {
		return fmt.Errorf("%w: %q", ErrPlainName, o.Name)
	}
	for name := range o.Options {
		if err := checkOption(name); err != nil {
			return err
		}
	}
	return nil
}
