package controlmode

import "interplexer/controlmode/internal/wire"

// captureLine builds a command line that captures a pane, and finds the captured
// text in the answer. No other code writes capture-pane.
//
// From tmux 3.6 on, capture-pane prints the text itself. Up to 3.5a that would leak
// memory in tmux (leakyCapture), so there the text goes to a paste buffer, which the
// same line shows and deletes. show-buffer adds a newline of its own. Up to 3.3a it
// encodes the text (encodedBuffers), and from 3.4 to 3.5a it may print memory after
// the end of the text (overrunBuffers): then the number of lines or the buffer's size
// says where the text ends.
//
// Commands go by their short names: these lines are the ones that are sent most, and
// tmux's parser is a part of their cost.
type captureLine struct {
	*wire.Command // nil: the line has no command yet
	version       Version
	blocks        int  // commands of the line, and so blocks of its answer
	textBlock     int  // the block that holds the text
	sizeBlock     int  // the block that holds the buffer's size; 0: there is none
	fromBuffer    bool // show-buffer prints the text
}

// captureBuffer is the paste buffer that a capture goes through. One name for all is
// enough: tmux runs the commands of one line with no other between them, and one of
// them deletes the buffer.
const captureBuffer = "ipx-capture"

// bufferSizeCommand prints how many bytes captureBuffer holds. It prints no text that
// a pane's program can set: the name and the number are not its.
const bufferSizeCommand = "list-buffers -F '#{buffer_size}' -f '#{==:#{buffer_name}," + captureBuffer + "}'"

// then starts another command.
func (l *captureLine) then(name string) *wire.Command {
	l.blocks++
	if l.Command == nil {
		l.Command = wire.NewCommand(name)
		return l.Command
	}
	return l.Command.Then(name)
}

// print prints a format that expands to tmux's own text only.
func (l *captureLine) print(t Target, format string) {
	l.then("display-message -p").To(t).Word(format)
}

// capture captures the text of the line. withSize also asks for the size of the
// buffer, if it takes that to know where the text ends: without it, text needs the
// number of lines.
func (l *captureLine) capture(t Target, flags string, withSize bool) {
	if !l.version.has(leakyCapture) {
		l.textBlock = l.blocks
		l.capturePane("-p", flags, t)
		return
	}
	l.capturePane("-b "+captureBuffer, flags, t)
	if withSize && l.version.has(overrunBuffers) {
		l.sizeBlock = l.blocks
		l.then(bufferSizeCommand)
	}
	l.showBuffer(captureBuffer)
}

// capturePane writes one capture-pane. The destination is -p, or -b and a buffer.
func (l *captureLine) capturePane(destination, flags string, t Target) {
	cmd := l.then("capturep").Word(destination)
	if flags != "" {
		cmd.Word(flags)
	}
	cmd.To(t)
}

// showBuffer prints a buffer, as the text of the line, and deletes it.
func (l *captureLine) showBuffer(name string) {
	l.textBlock, l.fromBuffer = l.blocks, true
	l.then("showb -b").Word(name)
	l.then("deleteb -b").Word(name)
}

// request frames the answer: a nonce says where the text ends. Where capture-pane
// prints the text, an error may take the place of the text's block, so the nonce has
// to be on a line of its own.
func (l *captureLine) request() request {
	return request{
		frame: wire.Frame{Blocks: l.blocks, FreeText: l.textBlock, Sealed: l.fromBuffer},
		nonce: true, readOnly: true, notifies: l.fromBuffer && l.version.has(bufferNotifications),
	}
}

// text is the captured text in an answer. lines is the number of its lines; it
// matters only if capture was called without withSize.
func (l *captureLine) text(answer []wire.Block, lines int) ([]byte, error) {
	printed := answer[l.textBlock].Body
	switch {
	case !l.fromBuffer:
		return printed, nil
	case !l.version.has(overrunBuffers):
		return wire.BufferText(printed, l.version.has(encodedBuffers))
	case l.sizeBlock > 0:
		return wire.FirstBytes(printed, answer[l.sizeBlock].Body)
	}
	return wire.FirstLines(printed, lines)
}
