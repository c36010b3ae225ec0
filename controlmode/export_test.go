package controlmode

import (
	"context"
	"io"

	"interplexer/controlmode/internal/wire"
)

// The tests in controlmode_test use these parts of the inside.

type Capability = capability

const (
	LeakyCapture         = leakyCapture
	EncodedBuffers       = encodedBuffers
	BufferNotifications  = bufferNotifications
	EncodedLists         = encodedLists
	CaptureTrimPositions = captureTrimPositions
	CaptureMode          = captureMode
	PasteUnescaped       = pasteUnescaped
	PausesInBlocks       = pausesInBlocks
	MessagesInBlocks     = messagesInBlocks
)

type Block = wire.Block

// Quote returns s as an argument.
func Quote(s string) (string, error) {
	quoted, err := wire.AppendQuoted(nil, s)
	return string(quoted), err
}

func EscapeFormat(s string) string { return wire.EscapeFormat(s) }

func (v Version) Has(c Capability) bool { return v.has(c) }

func (c capability) Evidence() string { return capabilities[c].evidence }

// Print runs a command line of one command and returns what it printed.
func (c Client) Print(ctx context.Context, line string) (string, error) {
	blocks, err := c.send(ctx, wire.NewCommand(line), request{frame: wire.Frame{Blocks: 1}, nonce: true})
	if err != nil {
		return "", err
	}
	return string(blocks[0].Body), nil
}

// TmuxError is the error for tmux's message to a command.
func TmuxError(command, message string) error { return commandError(command, message) }

// Line is the command line that types the input on a tmux of version v.
func (in *Input) Line(v Version) string {
	return string(in.compile(v, Target{}).Text)
}

// Broadcast delivers n to every subscription.
func (s *Server) Broadcast(n Notification) { s.handleNotification(n) }

// ScriptedHub is a Hub on a stream that has delivered everything up to a Repaint.
func ScriptedHub(stream io.ReadWriteCloser, nonce func() string, on func(Notification)) (*Hub, error) {
	h := new(Hub)
	conn, id, err := NewConn(stream, ConnOptions{OnNotification: h.selfPaused.filter(on), Nonce: nonce})
	h.conn, h.server = conn, id
	return h, err
}

// Ping goes over the hub's own connection.
func (h *Hub) Ping(ctx context.Context) error { return h.conn.Ping(ctx) }

const RepaintFormat = repaintFormat
