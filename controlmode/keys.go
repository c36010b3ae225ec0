package controlmode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"interplexer/controlmode/handover"
	"interplexer/controlmode/internal/wire"
)

const (
	// maxKeyBytes is how much text goes as keys; more goes through a paste
	// buffer, which is 100 times faster and just as exact.
	maxKeyBytes = 4 << 10
	// maxHexKeys bounds the arguments of one send-keys -H: from 9,995 on
	// tmux's parser overflows its stack.
	maxHexKeys = 1000
	// freeBytes is how much text does not count as much; see awaitTyping.
	unmeteredBytes = 64 << 10
)

// Errors of SendKeys, besides those of Client: nothing was typed.
var (
	// ErrPaneDead: the pane's program has ended, and nothing reads its keys.
	ErrPaneDead = errors.New("controlmode: the pane's program has ended")
	// ErrInMode: the pane is in copy mode or another one, which would take the
	// keys.
	ErrInMode = errors.New("controlmode: the pane is in a mode")
)

// Input is a sequence of things to type into one pane. tmux takes all of it
// without another command between. The zero value types nothing.
type Input struct {
	steps       []func(*inputLine)
	refuseMode  bool
	reportPlace bool // tell the Place where the typing begins
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
		if n := literalPrefix(s); n > 0 {
			in.literal(s[:n])
			s = s[n:]
			continue
		}
		n := hexPrefix(s)
		in.hex(s[:n])
		s = s[n:]
	}
	return in
}

// Keys types the arguments as tmux's own send-keys does: each the name of a
// key ("C-m", "Up") or else text.
func (in *Input) Keys(keys ...string) *Input {
	return in.step(func(t *inputLine) {
		t.then("send-keys").To(t.target).Word("--")
		for _, k := range keys {
			t.Arg(k)
		}
	})
}

// endPaste ends a bracketed paste; inside pasted text it would let the rest
// pass for typing.
const endPaste = "\x1b[201~"

// Paste pastes the text: between the marks of a bracketed paste when the
// program asked for them, with newlines as they are. The mark that ends a
// paste is taken out of the text (tmux does not up to 3.6).
func (in *Input) Paste(s string) *Input {
	for strings.Contains(s, endPaste) {
		s = strings.ReplaceAll(s, endPaste, "")
	}
	if s == "" {
		return in
	}
	return in.buffer(s, "paste-buffer -p -r -d -b %s")
}

// SendKeys types the input into a pane, which is taken out of copy mode or any
// other mode first, unless the input says otherwise: a mode would eat the keys.
// It fails with ErrPaneDead, ErrInMode, or ErrNotFound when the pane is gone.
func (c Client) SendKeys(ctx context.Context, t Target, in *Input) error {
	_, err := c.sendKeys(ctx, t, in)
	return err
}

func (c Client) sendKeys(ctx context.Context, t Target, in *Input) ([]wire.Block, error) {
	if in.refuseMode {
		// tmux has no condition that keeps the rest of a line from running, so
		// a mode that begins after this look is left like any other.
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

// What paneState prints of panes in no mode.
const (
	paneAlive = "00\n"
	paneDead  = "10\n"
)

// PaneTTY is the path of a pane's terminal, on this machine. It fails with
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

// typing is an input on its way into a command line.
type inputLine struct {
	*wire.Command
	target   Target
	version  Version
	commands int
	loads    []bufferLoad // to be run first, one by one
}

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

// literal types printable text. From tmux 3.5 on, -l drops control bytes when
// the program has set modifyOtherKeys, so there are none in it.
func (in *Input) literal(s string) *Input {
	return in.step(func(t *inputLine) { t.then("send-keys -l").To(t.target).Word("--").Arg(s) })
}

// hex types single bytes.
func (in *Input) hex(s string) *Input {
	return in.step(func(t *inputLine) {
		t.then("send-keys -H").To(t.target).Hex(s)
	})
}

// buffer types text through a paste buffer, which paste names by "%s". tmux
// reads it from a file: as the argument of set-buffer it would go through the
// command parser, which takes 100 ms for a megabyte, and could hold no NUL.
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

// load fills a buffer with a text.
type bufferLoad struct{ buffer, text string }

// maxLoads is how often a file may be removed before tmux has read it.
const maxLoads = 10

// sharer is a caller whose tmux others use.
type typingLimiter interface {
	awaitTyping(ctx context.Context, name string, bytes int) error
}

// fill runs what has to be done before the typing. When it fails, nothing was
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

// hand has tmux read the text. It reports whether tmux can have done so: nobody
// had removed the file. tmux does not say (measured, 3.3a and 3.5a).
func (l bufferLoad) loadOnce(ctx context.Context, c Client) (bool, error) {
	file, err := handover.Text(c.folder, l.text)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrNoResources, err)
	}
	_, err = c.send(ctx, wire.NewCommand("load-buffer -b "+l.buffer).Word("--").Format(file.Path()), request{frame: wire.Frame{Blocks: 1}})
	if err != nil {
		file.Abandon() // a tmux that was stopped may come to it long after
		if errors.Is(err, ErrUnknownOutcome) {
			err = ErrNotSent // not what counts
		}
		return false, err
	}
	read := !file.Removed()
	_ = file.Close()
	return read, nil
}

// clear deletes what a failed typing may have left in tmux.
func (t *inputLine) deleteBuffers(ctx context.Context, c Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	for _, l := range t.loads {
		_, err := c.run(ctx, wire.NewCommand("delete-buffer -b "+l.buffer), 1)
		var notThere *CommandError
		if err == nil || errors.As(err, &notThere) {
			continue
		}
		if later, ok := c.caller.(interface{ deleteLater(buffer string) }); ok {
			later.deleteLater(l.buffer)
		}
	}
}

// literalSize is the size of the character at the start of s if send-keys -l
// types it as it is, else 0: it is valid UTF-8 and no control character.
func literalSize(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	if r < 0x20 || r == 0x7f || r == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}

// literalPrefix is how many bytes of s send-keys -l types as they are.
func literalPrefix(s string) int {
	n := 0
	for n < len(s) {
		size := literalSize(s[n:])
		if size == 0 {
			break
		}
		n += size
	}
	return n
}

// hexPrefix is how many bytes of s it does not, as many as one -H takes.
func hexPrefix(s string) int {
	n := 0
	for n < len(s) && n < maxHexKeys && literalSize(s[n:]) == 0 {
		n++
	}
	return n
}
