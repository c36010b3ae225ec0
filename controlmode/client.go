package controlmode

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// Client is tmux's commands, run on one tmux server. Get one from a Conn or from
// Server.On; the zero value has no tmux to send to. It is safe for concurrent use and
// needs no closing. Every method waits for tmux's answer or for ctx, whichever is
// first. A command that was sent by then still runs.
//
// Besides the errors that a method names, each method can return the errors of a
// command that tmux did not answer, those of a Server, ErrNUL, ErrProtocol, ctx's
// error, or a *CommandError for a command that tmux itself refused.
type Client struct {
	caller  caller
	version Version // of the tmux server
	folder  string  // the folder of its socket, where this user's processes find each other
	sender  string  // on whose behalf commands are sent; see For
}

// For returns the same Client on behalf of a sender. The commands of one sender keep
// their order. Those of different senders take turns, so nobody waits for all that
// another one sends.
func (c Client) For(name string) Client {
	c.sender = name
	return c
}

// caller runs one command line.
type caller interface {
	call(ctx context.Context, req request) ([]wire.Block, error)
}

// request is one command line and the framing of its answer.
type request struct {
	text     []byte
	sender   string // whose it is
	frame    wire.Frame
	nonce    bool // frame it by a nonce
	readOnly bool // safe to run twice, and changes nothing that lasts
	notifies bool // readOnly, but tmux notifies other clients of it
	bulk     bool // takes long: send it where no other command waits behind it
	// onAnswer, if set, is called from the reader's goroutine when the answer is
	// complete, before any later notification. It must not block.
	onAnswer func()
}

// gated reports whether the command can cause notifications. They must not reach a
// client that identifies itself (see gate).
func (r request) gated() bool { return !r.readOnly || r.notifies }

// Errors that tmux answers with, told apart by its message. They wrap a CommandError.
var (
	// ErrNotFound: there is no such session, window or pane.
	ErrNotFound = errors.New("controlmode: not found")
	// ErrDuplicate: a session of that name exists.
	ErrDuplicate = errors.New("controlmode: duplicate session")
	// ErrNoResources: there is no pty, process or memory for a new pane, or no room
	// for long input.
	ErrNoResources = errors.New("controlmode: out of ptys, processes, memory or files")
)

// CommandError is a command that tmux refused. The commands before it on the same
// line were run.
type CommandError struct {
	Command string // the name of the line's first command
	Message string // as tmux wrote it
	kind    error
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("controlmode: %s: %s", e.Command, e.Message)
}

// Unwrap lets errors.Is find ErrNotFound, ErrDuplicate, ErrNoResources and ErrDown.
func (e *CommandError) Unwrap() error { return e.kind }

// Ping sends tmux a command that does nothing, and waits for the answer. When it
// returns, all notifications that tmux had sent before have been delivered.
func (c Client) Ping(ctx context.Context) error {
	_, err := c.send(ctx, wire.NewCommand("display-message -p ok"), request{frame: wire.Frame{Blocks: 1}, readOnly: true})
	return err
}

// run sends a command line of the given number of commands, whose answers are tmux's
// own text.
func (c Client) run(ctx context.Context, cmd *wire.Command, blocks int) ([]wire.Block, error) {
	return c.send(ctx, cmd, request{frame: wire.Frame{Blocks: blocks}})
}

// send runs a command line and turns a failed block into an error.
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

// commandError tells tmux's errors apart by their message.
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
		// load-buffer is silent when tmux cannot open the file.
		strings.HasPrefix(message, "no buffer "+inputPrefix):
		e.kind = ErrNoResources
	case message == "no current target":
		// tmux says this while it ends, when even our own session is gone. The fate
		// of the other sessions shows when the connection has ended too.
		e.kind = ErrDown
	}
	return e
}

// noPane is the error for a pane that is not there, for commands such as
// display-message, which do not fail then.
func noPane() error { return commandError("display-message", "can't find pane") }
