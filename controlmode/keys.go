package controlmode

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"interplexer/controlmode/handover"
	"interplexer/controlmode/internal/wire"
)

const (
	// maxKeyBytes is the longest text that is sent as keys. Longer text goes through
	// a paste buffer, which is 100 times faster and just as exact.
	maxKeyBytes = 4 << 10
	// unmeteredBytes is the longest text that is not subject to typeRate; see
	// awaitTyping.
	unmeteredBytes = 64 << 10
)

// Errors of SendKeys, besides those of Client: nothing was typed.
var (
	// ErrPaneDead: the pane's program has ended, and nothing reads its keys.
	ErrPaneDead = errors.New("controlmode: the pane's program has ended")
	// ErrInMode: the pane is in copy mode or another mode, which would take the keys.
	ErrInMode = errors.New("controlmode: the pane is in a mode")
)

// Input is a sequence of things to type into one pane. tmux takes all of it without
// another command in between. The zero value types nothing.
type Input struct {
	steps       []func(*inputLine)
	refuseMode  bool
	reportPlace bool // print the Place at which the typing begins
}

// RefuseMode makes SendKeys fail with ErrInMode rather than end the pane's mode.
func (in *Input) RefuseMode() *Input {
	in.refuseMode = true
	return in
}

// Bytes types the bytes exactly as they are.
func (in *Input) Bytes(s string) *Input {
	if len(s) > maxKeyBytes {
		return in.buffer(s, "paste-buffer -r -d -b %s")
	}
	for s != "" {
		if n := wire.LiteralPrefix(s); n > 0 {
			in.literal(s[:n])
			s = s[n:]
			continue
		}
		n := wire.HexPrefix(s)
		in.hex(s[:n])
		s = s[n:]
	}
	return in
}

// Keys types the arguments as tmux's own send-keys does: each is the name of a key
// ("C-m", "Up"), or else text.
func (in *Input) Keys(keys ...string) *Input {
	return in.step(func(t *inputLine) {
		t.then("send-keys").To(t.target).Word("--")
		for _, k := range keys {
			t.Arg(k)
		}
	})
}

// endPaste ends a bracketed paste. Inside the pasted text it would let the rest pass
// for typing.
const endPaste = "\x1b[201~"

// Paste pastes the text. If the program has asked for bracketed paste, the text is
// put between its marks, with newlines as they are. The mark that ends a paste is
// removed from the text (tmux does not do that up to 3.6).
func (in *Input) Paste(s string) *Input {
	for strings.Contains(s, endPaste) {
		s = strings.ReplaceAll(s, endPaste, "")
	}
	if s == "" {
		return in
	}
	return in.buffer(s, "paste-buffer -p -r -d -b %s")
}

// SendKeys types the input into a pane. It first takes the pane out of copy mode or
// any other mode, which would take the keys, unless RefuseMode was called. It fails
// with ErrPaneDead, ErrInMode, or ErrNotFound when the pane is gone.
func (c Client) SendKeys(ctx context.Context, t Target, in *Input) error {
	_, err := c.sendKeys(ctx, t, in)
	return err
}

// sendKeys returns the blocks of the answer: the pane's state, and the Place if the
// input reports it.
func (c Client) sendKeys(ctx context.Context, t Target, in *Input) ([]wire.Block, error) {
	if in.refuseMode {
		// tmux has no condition that keeps the rest of a line from running. So a mode
		// that begins after this look is left like any other.
		state, err := c.send(ctx, paneState(t), request{frame: wire.Frame{Blocks: 1}, readOnly: true})
		if err != nil {
			return nil, err
		}
		if string(state[0].Body) != paneAlive && string(state[0].Body) != paneDead {
			return nil, ErrInMode
		}
	}
	typed := in.compile(c.version, t)
	var blocks []wire.Block
	err := typed.loadBuffers(ctx, c)
	if err == nil {
		blocks, err = c.run(ctx, typed.Command, typed.commands)
	}
	if err != nil {
		typed.deleteBuffers(ctx, c)
	}
	if err == nil && blocks[0].Body[0] == paneDead[0] {
		return nil, ErrPaneDead
	}
	return blocks, err
}

// paneState prints whether a pane is dead and how many modes it is in.
func paneState(t Target) *wire.Command {
	return wire.NewCommand("display-message -p").To(t).Word("'#{?pane_dead,1,0}#{?pane_in_mode,1,0}'")
}

// The output of paneState for panes in no mode.
const (
	paneAlive = "00\n"
	paneDead  = "10\n"
)

// PaneTTY is the path of a pane's terminal on this machine. It fails with
// ErrNotFound.
func (c Client) PaneTTY(ctx context.Context, t Target) (string, error) {
	cmd := wire.NewCommand("display-message -p").To(t).Word("'#{pane_tty}'")
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, readOnly: true})
	if err != nil {
		return "", err
	}
	path := strings.TrimSuffix(string(blocks[0].Body), "\n")
	if path == "" {
		return "", noPane()
	}
	return path, nil
}

// inputLine is the command line that types an input.
type inputLine struct {
	*wire.Command
	target   Target
	version  Version
	commands int
	loads    []bufferLoad // run before the line, one by one
}

// compile writes the line for a tmux of that version.
func (in *Input) compile(v Version, to Target) *inputLine {
	t := &inputLine{Command: paneState(to), target: to, version: v, commands: 1}
	if in.reportPlace {
		t.then("display-message -p").To(to).Word(placeFormat)
	}
	t.then("copy-mode -q").To(to)
	for _, step := range in.steps {
		step(t)
	}
	return t
}

// then starts another command on the line.
func (t *inputLine) then(name string) *wire.Command {
	t.commands++
	return t.Command.Then(name)
}

func (in *Input) step(s func(*inputLine)) *Input {
	in.steps = append(in.steps, s)
	return in
}

// literal types printable text. From tmux 3.5 on, send-keys -l drops control bytes
// when the program has set modifyOtherKeys, so the text holds none.
func (in *Input) literal(s string) *Input {
	return in.step(func(t *inputLine) { t.then("send-keys -l").To(t.target).Word("--").Arg(s) })
}

// hex types single bytes.
func (in *Input) hex(s string) *Input {
	return in.step(func(t *inputLine) {
		t.then("send-keys -H").To(t.target).Hex(s)
	})
}

// buffer types text through a paste buffer. In paste, "%s" stands for its name. tmux
// reads the text from a file: as the argument of set-buffer it would go through the
// command parser, which takes 100 ms for a megabyte, and it could hold no NUL.
func (in *Input) buffer(s, paste string) *Input {
	return in.step(func(t *inputLine) {
		name := uniqueBuffers.next()
		t.loads = append(t.loads, bufferLoad{name, s})
		t.then(fmt.Sprintf(paste, name)).To(t.target)
		if t.version.has(pasteUnescaped) {
			t.Word("-S")
		}
	})
}

// bufferLoad is a paste buffer and the text to be loaded into it.
type bufferLoad struct{ buffer, text string }

// maxLoads is how often the file may be removed before tmux has read it.
const maxLoads = 10

// typingLimiter is a caller that limits how much one sender may type.
type typingLimiter interface {
	awaitTyping(ctx context.Context, name string, bytes int) error
}

// bufferDeleter is a caller that deletes a buffer later, when tmux does not answer
// now.
type bufferDeleter interface{ deleteLater(buffer string) }

// A serverCaller is both.
var (
	_ typingLimiter = serverCaller{}
	_ bufferDeleter = serverCaller{}
)

// loadBuffers fills the buffers that the line pastes. When it fails, nothing was
// typed.
func (t *inputLine) loadBuffers(ctx context.Context, c Client) error {
	if t.Err != nil {
		return t.Err
	}
	for _, l := range t.loads {
		if err := l.run(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// run waits for the sender's turn to type much, and loads the buffer.
func (l bufferLoad) run(ctx context.Context, c Client) error {
	if shares, ok := c.caller.(typingLimiter); ok && len(l.text) > unmeteredBytes {
		if err := shares.awaitTyping(ctx, c.sender, len(l.text)); err != nil {
			return err
		}
	}
	for range maxLoads {
		if read, err := l.loadOnce(ctx, c); read || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %q is removed again and again", ErrNoResources, c.folder)
}

// loadOnce has tmux read the text from a file. It reports whether tmux can have read
// it, that is, whether nobody had removed the file. tmux does not say (measured on
// 3.3a and 3.5a).
func (l bufferLoad) loadOnce(ctx context.Context, c Client) (bool, error) {
	file, err := handover.Text(c.folder, l.text)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrNoResources, err)
	}
	_, err = c.send(ctx, wire.NewCommand("load-buffer -b "+l.buffer).Word("--").Format(file.Path()), request{frame: wire.Frame{Blocks: 1}})
	if err != nil {
		file.Abandon() // a tmux that was stopped may open it much later
		if errors.Is(err, ErrUnknownOutcome) {
			err = ErrNotSent // only the typing has an outcome that matters
		}
		return false, err
	}
	read := !file.Removed()
	_ = file.Close()
	return read, nil
}

// deleteBuffers deletes the buffers that a failed typing may have left in tmux.
func (t *inputLine) deleteBuffers(ctx context.Context, c Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	for _, l := range t.loads {
		_, err := c.run(ctx, wire.NewCommand("delete-buffer -b "+l.buffer), 1)
		var notThere *CommandError
		if err == nil || errors.As(err, &notThere) {
			continue
		}
		if later, ok := c.caller.(bufferDeleter); ok {
			later.deleteLater(l.buffer)
		}
	}
}
