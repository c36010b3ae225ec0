package controlmode_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// TestCapabilities asks the installed tmux whether the table is right about its
// release.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	text, err := exec.Command("tmux", "-V").Output()
	require.NoError(t, err)
	version, err := controlmode.ParseVersion(string(text))
	require.NoError(t, err)
	for c, probe := range map[controlmode.Capability]func(*testing.T) bool{
		controlmode.LeakyCapture:         captureLeaks,
		controlmode.EncodedBuffers:       func(t *testing.T) bool { return !printsRaw(t, "show-buffer -b x", "a\tb") },
		controlmode.BufferNotifications:  buffersNotify,
		controlmode.EncodedLists:         func(t *testing.T) bool { return !printsRaw(t, "list-buffers -F '#{@x}'", "\xff") },
		controlmode.CaptureTrimPositions: func(t *testing.T) bool { return knowsFlag(t, "capture-pane", "-T") },
		controlmode.CaptureMode:          func(t *testing.T) bool { return knowsFlag(t, "capture-pane", "-M") },
		controlmode.PausesInBlocks:       pausesInItsAnswer,
		controlmode.MessagesInBlocks:     func(t *testing.T) bool { return printsRaw(t, "display-message hello", "%message hello") },
		controlmode.PasteUnescaped:       func(t *testing.T) bool { return knowsFlag(t, "paste-buffer", "-S") },
	} {
		t.Run(c.Evidence(), func(t *testing.T) {
			t.Parallel()
			require.Equal(t, version.Has(c), probe(t), "tmux %s", version.Text)
		})
	}
}

// printsRaw reports whether a command prints text unchanged to a control client, on a
// server with a buffer x and an option @x.
func printsRaw(t *testing.T, command, text string) bool {
	t.Helper()
	socket := controltest.SocketName(t)
	client := connect(t, controlmode.ServerOptions{SocketName: socket})
	controltest.Tmux(t, socket, "set-buffer", "-b", "x", "a\tb", ";", "set-option", "-s", "@x", "\xff")
	body, err := client.Print(t.Context(), command)
	require.NoError(t, err)
	return body == text+"\n"
}

func knowsFlag(t *testing.T, command, flag string) bool {
	t.Helper()
	socket := controltest.SocketName(t)
	controltest.Tmux(t, socket, "-f", "/dev/null", "new-session", "-d", "cat", ";", "set-buffer", "x")
	out, err := exec.Command("tmux", "-L", socket, command, flag).CombinedOutput()
	require.Equal(t, err != nil, strings.Contains(string(out), "unknown flag "+flag), "%s", out)
	return err == nil
}

// pausesInItsAnswer reports whether the answer to a pause holds its notification.
func pausesInItsAnswer(t *testing.T) bool {
	t.Helper()
	client := connect(t, controlmode.ServerOptions{})
	pane, err := client.Print(t.Context(), "display-message -p '#{pane_id}'")
	require.NoError(t, err)
	pane = strings.TrimSpace(pane)
	_, err = client.Print(t.Context(), "refresh-client -f '!no-output,pause-after=1'")
	require.NoError(t, err)
	body, err := client.Print(t.Context(), "refresh-client -A '"+pane+":pause'")
	require.NoError(t, err)
	return body == "%pause "+pane+"\n"
}

// buffersNotify reports whether a new buffer causes a notification.
func buffersNotify(t *testing.T) bool {
	t.Helper()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	sub := server.Subscribe(64)
	defer sub.Close()
	client, _ := newPane(t, server, "s", "cat")
	controltest.Tmux(t, socket, "set-buffer", "-b", "x", "y")
	require.NoError(t, client.RenameSession(t.Context(), 1, "renamed")) // its notification comes after the buffer's
	for told := false; ; {
		switch n := (<-sub.C).(type) {
		case controlmode.PasteBufferChanged:
			told = told || n.Name == "x"
		case controlmode.SessionRenamed:
			return told
		}
	}
}

// captureLeaks captures 30 MB by capture-pane -p and looks whether tmux has grown by
// that.
func captureLeaks(t *testing.T) bool {
	t.Helper()
	const captures = 300
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	controltest.Tmux(t, socket, "new-session", "-d", "-s", "big", "-x", "500", "-y", "200",
		`i=0; while [ $i -lt 300 ]; do i=$((i+1)); printf '%0500d' 0; done; tmux wait-for -S drawn; exec cat`)
	controltest.Tmux(t, socket, "wait-for", "drawn")
	before := residentKB(t, id.PID)
	for range captures {
		body, err := server.On(id).Print(t.Context(), "capture-pane -p -t big:")
		require.NoError(t, err)
		require.Greater(t, len(body), 199*500)
	}
	return residentKB(t, id.PID)-before > captures*200*500/2/1024
}

// residentKB is a process's resident memory.
func residentKB(t *testing.T, pid int) int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	require.NoError(t, err)
	return atoi(t, strings.TrimSpace(string(out)))
}
