package controlmode

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// Client is tmux's commands, run on one tmux server. Get one from a Conn or
// from Server.On; the zero value has no tmux to send to. It is safe for
// concurrent use and needs no closing. Every method waits for tmux's answer or
// for ctx, whichever is first; a command that was sent by then still runs.
//
// Besides the errors that a method names, each can return those of a command
// that tmux did not answer, those of a Server, ErrNUL, ErrProtocol, ctx's error,
// or a *CommandError for what tmux itself refused.
type Client struct {
	caller  caller
	version Version // of the tmux server
	folder  string  // of its socket, in which this user's processes find each other
	sender  string  // whose commands these are; see For
}

// For is the same Client on behalf of somebody: the commands of each name are
// taken in their order, those of different names by turns, so that nobody has
// to wait for all that another one wants.
func (c Client) For(name string) Client {
	c.sender = name
	return c
}

// caller runs one command line.
type caller interface {
	call(ctx context.Context, req request) ([]wire.Block, error)
}

// request is one command line and how its answer is framed.
type request struct {
	text     []byte
	sender   string // whose it is
	frame    wire.Frame
	nonce    bool // frame it by a nonce
	readOnly bool // safe to run twice, and changes nothing that lasts
	notifies bool // readOnly, and yet tmux tells other clients of it
	bulk     bool // takes long: not where others wait behind it
	// at, if set, is called from the reader's goroutine when the answer is
	// complete, before any later notification. It must not block.
	onAnswer func()
}

// gated: what tmux tells of it must not find a client identifying itself.
func (r request) gated() bool { return !r.readOnly || r.notifies }

// Errors that tmux answers, told apart by its message. They wrap a CommandError.
var (
	// ErrNotFound: there is no such session, window or pane.
	ErrNotFound = errors.New("controlmode: not found")
	// ErrDuplicate: a session of that name exists.
	ErrDuplicate = errors.New("controlmode: duplicate session")
	// ErrNoResources: no pty, process or memory for a new pane, or no room for
	// long input on its way.
	ErrNoResources = errors.New("controlmode: out of ptys, processes, memory or files")
)

// CommandError is a command that tmux refused; what came before it on the same
// line was done.
type CommandError struct {
	Command string // the first command's name
	Message string // as tmux wrote it
	kind    error
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("controlmode: %s: %s", e.Command, e.Message)
}

// Unwrap makes errors.Is find ErrNotFound, ErrDuplicate, ErrNoResources and ErrDown.
func (e *CommandError) Unwrap() error { return e.kind }

// Ping asks tmux for nothing and waits for the answer. What tmux had to tell
// before it has been told when it returns.
func (c Client) Ping(ctx context.Context) error {
	_, err := c.send(ctx, wire.NewCommand("display-message -p ok"), request{frame: wire.Frame{Blocks: 1}, readOnly: true})
	return err
}

// run sends a command line of the given number of commands whose answers are
// tmux's own text.
func (c Client) run(ctx context.Context, cmd *wire.Command, blocks int) ([]wire.Block, error) {
	return c.send(ctx, cmd, request{frame: wire.Frame{Blocks: blocks}})
}

// send runs a command and turns a failed block into an error.
func (c Client) send(ctx context.Context, cmd *wire.Command, req request) ([]wire.Block, error) {
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	req.text, req.sender = cmd.Text, c.sender
	blocks, err := c.caller.call(ctx, req)
	if err != nil {
		return nil, err
	}
	if last := blocks[len(blocks)-1]; last.Failed {
		name, _, _ := strings.Cut(string(cmd.Text), " ")
		return nil, commandError(name, strings.TrimSuffix(string(last.Body), "\n"))
	}
	return blocks, nil
}

func commandError(name, message string) error {
	e := &CommandError{Command: name, Message: message}
	switch {
	case strings.HasPrefix(message, "can't find "), strings.HasPrefix(message, "no such "):
		e.kind = ErrNotFound
	case strings.HasPrefix(message, "no space for"):
		e.kind = ErrNoSpace
	case strings.HasSuffix(message, " still active"):
		e.kind = ErrPaneAlive
	case strings.HasPrefix(message, "duplicate session"):
		e.kind = ErrDuplicate
	case strings.Contains(message, "fork failed"), strings.Contains(message, "No space left"),
		strings.Contains(message, "temporarily unavailable"), strings.Contains(message, "Cannot allocate"),
		strings.Contains(message, "Too many open files"),
		// load-buffer says nothing when tmux cannot open the file.
		strings.HasPrefix(message, "no buffer "+inputPrefix):
		e.kind = ErrNoResources
	case message == "no current target":
		// What tmux says while it ends, when even our own session is gone. What
		// is to become of the others shows when the connection has ended too.
		e.kind = ErrDown
	}
	return e
}

// noPane is what display-message says by saying nothing of a pane that is not
// there.
func noPane() error { return commandError("display-message", "can't find pane") }
