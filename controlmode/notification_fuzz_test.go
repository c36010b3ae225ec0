package controlmode

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzNotification reads any line: it must not panic, must not keep the line,
// and must read what wireForm writes of a notification as the same again.
func FuzzNotification(f *testing.F) {
	for _, file := range transcriptFiles(f) {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		for line := range bytes.Lines(text) {
			if bytes.HasPrefix(line, []byte("< %")) {
				f.Add(bytes.TrimSuffix(line[2:], []byte("\n")))
			}
		}
	}
	for _, line := range []string{
		`%output %5 a\033[m\134 é\12`, "%extended-output %5 12 x y : a : b", "%layout-change @1 a b *", "%subscription-changed s $1 @1 1 %1 : v : w",
		"%client-session-changed /dev/pts/1 $1 n n", "%client-detached c", "%pause %1", "%continue %1", "%message a b", "%config-error x", "%exit",
		"%paste-buffer-changed b", "%paste-buffer-deleted b", "%session-window-changed $1 @2", "%window-pane-changed @1 %2", "%window-add @01",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		kept := bytes.Clone(line)
		n := parseNotification(line)
		require.Equal(t, kept, line, "it only reads the line")
		before := fmt.Sprintf("%#v", n)
		for i := range line {
			line[i] ^= 0xff
		}
		require.Equal(t, before, fmt.Sprintf("%#v", n), "it keeps nothing of the line")
		if u, ok := n.(Unknown); ok {
			require.Equal(t, string(kept), string(u.Line))
		}
		require.Equal(t, before, fmt.Sprintf("%#v", parseNotification([]byte(wireForm(n)))))
	})
}

// FuzzOutput writes output as tmux does: it must come out as it was.
func FuzzOutput(f *testing.F) {
	f.Add(uint32(0), uint32(0), []byte("a\x1b[m\\033 é\xff\x00\n\x7f"))
	f.Add(uint32(4294967295), uint32(7), []byte(`\\134\0`))
	f.Add(uint32(1), uint32(0), []byte(" : "))
	f.Fuzz(func(t *testing.T, pane, age uint32, data []byte) {
		o := Output{Pane: PaneID(pane), Data: data, Age: int(age)}
		n := parseNotification([]byte(wireForm(o)))
		got, ok := n.(Output)
		require.True(t, ok, "%#v", n)
		require.Equal(t, string(data), string(got.Data))
		require.Equal(t, []any{o.Pane, o.Age}, []any{got.Pane, got.Age})
		require.NotContains(t, wireForm(o), "\n")
	})
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

// wireForm writes a notification as tmux would, without the newline.
func wireForm(n Notification) string {
	unlinked := map[bool]string{true: "unlinked-"}
	switch n := n.(type) {
	case Output:
		if n.Age != 0 {
			return fmt.Sprintf("%%extended-output %v %d : %s", n.Pane, n.Age, escapeOutput(n.Data))
		}
		return fmt.Sprintf("%%output %v %s", n.Pane, escapeOutput(n.Data))
	case LayoutChange:
		return fmt.Sprintf("%%layout-change %v %s %s %s", n.Window, n.Layout, n.Visible, n.Flags)
	case WindowAdd:
		return fmt.Sprintf("%%%swindow-add %v", unlinked[n.Unlinked], n.Window)
	case WindowClose:
		return fmt.Sprintf("%%%swindow-close %v", unlinked[n.Unlinked], n.Window)
	case WindowRenamed:
		return fmt.Sprintf("%%%swindow-renamed %v %s", unlinked[n.Unlinked], n.Window, n.Name)
	case SessionsChanged:
		return "%sessions-changed"
	case SessionChanged:
		return fmt.Sprintf("%%session-changed %v %s", n.Session, n.Name)
	case SessionRenamed:
		return fmt.Sprintf("%%session-renamed %v %s", n.Session, n.Name)
	case SessionWindowChanged:
		return fmt.Sprintf("%%session-window-changed %v %v", n.Session, n.Window)
	case WindowPaneChanged:
		return fmt.Sprintf("%%window-pane-changed %v %v", n.Window, n.Pane)
	case PaneModeChanged:
		return fmt.Sprintf("%%pane-mode-changed %v", n.Pane)
	case ClientSessionChanged:
		return fmt.Sprintf("%%client-session-changed %s %v %s", n.Client, n.Session, n.Name)
	}
	return rareWireForm(n)
}

func rareWireForm(n Notification) string {
	switch n := n.(type) {
	case ClientDetached:
		return "%client-detached " + n.Client
	case Pause:
		return fmt.Sprintf("%%pause %v", n.Pane)
	case Continue:
		return fmt.Sprintf("%%continue %v", n.Pane)
	case SubscriptionChanged:
		return fmt.Sprintf("%%subscription-changed %s %s : %s", n.Name, n.Fields, n.Value)
	case Message:
		return "%message " + n.Text
	case ConfigError:
		return "%config-error " + n.Text
	case PasteBufferChanged:
		return "%paste-buffer-changed " + n.Name
	case PasteBufferDeleted:
		return "%paste-buffer-deleted " + n.Name
	case Exit:
		return "%exit " + n.Reason
	case Unknown:
		return string(n.Line)
	}
	panic(fmt.Sprintf("%T has no line", n))
}
