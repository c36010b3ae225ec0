// Package wiretest helps the tests of wire and of controlmode: it reads the recorded
// transcripts, makes frames from bytes of a fuzz test, and writes notifications as
// tmux does.
package wiretest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
)

// Transcripts are the recorded sessions with tmux. root is the way from the test's
// package to the top of the tree.
func Transcripts(t testing.TB, root string) []string {
	files, err := filepath.Glob(filepath.Join(root, "testdata/transcripts/*/*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// Reply is the stream that tmux wrote in a transcript, and the frames, in the form
// that Frames reads, of the commands that the client wrote.
func Reply(transcript []byte) (stream, frames []byte) {
	for line := range strings.Lines(string(transcript)) {
		rest := line[2:]
		commands := strings.Count(rest, " ; ")
		switch {
		case line[0] == '<':
			stream = append(stream, rest...)
		case strings.HasPrefix(rest, "display-message -p 0000"):
			frames[len(frames)-1] = Nonce
		case strings.Contains(rest, " ; deleteb -b 0000"):
			frames = append(frames, Sealed|byte(commands-2)<<2)
		default:
			frames = append(frames, Own|byte(commands)<<2)
		}
	}
	return stream, frames
}

// A frame of the fuzz tests is one byte: its kind is in the two lowest bits, and
// its number of blocks in the next three. These are the kinds.
const (
	Own = iota
	Counted
	Nonce
	Sealed
)

// Frames reads frames of one byte each. Nonces count from 1.
func Frames(bytes []byte) (frames []wire.Frame) {
	next := CountNonces()
	for _, b := range bytes {
		n := int(b>>2) & 7
		switch b & 3 {
		case Own:
			frames = append(frames, wire.Frame{Blocks: n + 1})
		case Counted:
			frames = append(frames, wire.Frame{Blocks: n + 2, Counted: n + 1})
		case Nonce:
			frames = append(frames, wire.Frame{Blocks: 1, Nonce: next()})
		case Sealed:
			frames = append(frames, wire.Frame{Blocks: n + 2, FreeText: n, Nonce: next(), Sealed: true})
		}
	}
	return frames
}

// CountNonces makes the nonces of the transcripts.
func CountNonces() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%032x", n)
	}
}

// Log is the output of a decoder: its answers, and both answers and notifications
// in the order in which they came.
type Log struct {
	Lines   []string
	Answers []*wire.Answer
	Err     error
}

// Notified logs a notification.
func (l *Log) Notified(n wire.Notification) { l.Lines = append(l.Lines, fmt.Sprintf("%#v", n)) }

// Answered logs an answer.
func (l *Log) Answered(a *wire.Answer) {
	l.Answers = append(l.Answers, a)
	l.Lines = append(l.Lines, fmt.Sprintf("answer %v %#v", a.TooLarge, a.Blocks))
}

// Decode runs a decoder alone over the lines of a stream. The limit of one answer is
// maxBody bytes. afterLine, unless nil, is called after each line.
func Decode(stream []byte, maxBody int, frames []wire.Frame, afterLine func(*wire.Decoder)) Log {
	var out Log
	d := wire.Decoder{Notify: out.Notified, MaxBody: maxBody}
	d.Next = func() *wire.Answer {
		if len(frames) == 0 {
			return nil
		}
		a := &wire.Answer{Frame: frames[0]}
		frames = frames[1:]
		return a
	}
	for _, line := range bytes.Split(stream, []byte("\n")) {
		line = bytes.Clone(line)
		a, err := d.Line(line)
		clear(line) // it must not be kept
		if err != nil {
			out.Err = err
			return out
		}
		if a != nil {
			out.Answered(a)
		}
		if afterLine != nil {
			afterLine(&d)
		}
	}
	return out
}

// escapeOutput is what tmux does to output (control_append_data).
func escapeOutput(data []byte) string {
	var b bytes.Buffer
	for _, c := range data {
		if c < ' ' || c == '\\' {
			fmt.Fprintf(&b, "\\%03o", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Line writes a notification as tmux would, without the newline.
func Line(n wire.Notification) string {
	unlinked := map[bool]string{true: "unlinked-"}
	switch n := n.(type) {
	case wire.Output:
		if n.Age != 0 {
			return fmt.Sprintf("%%extended-output %v %d : %s", n.Pane, n.Age, escapeOutput(n.Data))
		}
		return fmt.Sprintf("%%output %v %s", n.Pane, escapeOutput(n.Data))
	case wire.LayoutChange:
		return fmt.Sprintf("%%layout-change %v %s %s %s", n.Window, n.Layout, n.Visible, n.Flags)
	case wire.WindowAdd:
		return fmt.Sprintf("%%%swindow-add %v", unlinked[n.Unlinked], n.Window)
	case wire.WindowClose:
		return fmt.Sprintf("%%%swindow-close %v", unlinked[n.Unlinked], n.Window)
	case wire.WindowRenamed:
		return fmt.Sprintf("%%%swindow-renamed %v %s", unlinked[n.Unlinked], n.Window, n.Name)
	case wire.SessionsChanged:
		return "%sessions-changed"
	case wire.SessionChanged:
		return fmt.Sprintf("%%session-changed %v %s", n.Session, n.Name)
	case wire.SessionRenamed:
		return fmt.Sprintf("%%session-renamed %v %s", n.Session, n.Name)
	case wire.SessionWindowChanged:
		return fmt.Sprintf("%%session-window-changed %v %v", n.Session, n.Window)
	case wire.WindowPaneChanged:
		return fmt.Sprintf("%%window-pane-changed %v %v", n.Window, n.Pane)
	case wire.PaneModeChanged:
		return fmt.Sprintf("%%pane-mode-changed %v", n.Pane)
	case wire.ClientSessionChanged:
		return fmt.Sprintf("%%client-session-changed %s %v %s", n.Client, n.Session, n.Name)
	}
	return rareLine(n)
}

func rareLine(n wire.Notification) string {
	switch n := n.(type) {
	case wire.ClientDetached:
		return "%client-detached " + n.Client
	case wire.Pause:
		return fmt.Sprintf("%%pause %v", n.Pane)
	case wire.Continue:
		return fmt.Sprintf("%%continue %v", n.Pane)
	case wire.SubscriptionChanged:
		return fmt.Sprintf("%%subscription-changed %s %s : %s", n.Name, n.Fields, n.Value)
	case wire.Message:
		return "%message " + n.Text
	case wire.ConfigError:
		return "%config-error " + n.Text
	case wire.PasteBufferChanged:
		return "%paste-buffer-changed " + n.Name
	case wire.PasteBufferDeleted:
		return "%paste-buffer-deleted " + n.Name
	case wire.Exit:
		return "%exit " + n.Reason
	case wire.Unknown:
		return string(n.Line)
	}
	panic(fmt.Sprintf("%T has no line", n))
}
