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

// TestCapabilities asks the tmux that is installed for what the table says of
// its release.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	text, err := exec.Command("tmux", "-V").Output()
	require.NoError(t, err)
	version, err := controlmode.ParseVersion(string(text))
	require.NoError(t, err)
	for c, probe := range map[controlmode.Capability]func(*testing.T) bool{
		controlmode.LeakyCapture:         captureLeaks,
		controlmode.EncodedBuffers:       func(t *testing.T) bool { return !printsRaw(t, "show-buffer -b x", "a\tb") },
		controlmode.BufferNotifications:  buffersAreTold,
		controlmode.EncodedLists:         func(t *testing.T) bool { return !printsRaw(t, "list-buffers -F '#{@x}'", "\xff") },
		controlmode.CaptureTrimPositions: func(t *testing.T) bool { return knowsFlag(t, "capture-pane", "-T") },
		controlmode.CaptureMode:          func(t *testing.T) bool { return knowsFlag(t, "capture-pane", "-M") },
		controlmode.PausesInBlocks:       pausesInItsAnswer,
		controlmode.MessagesInBlocks:     func(t *testing.T) bool { return printsRaw(t, "display-message hello", "%message hello") },
		controlmode.PasteUnescaped:       func(t *testing.T) bool { return knowsFlag(t, "paste-buffer", "-S") },
	} {
		require.Equal(t, version.Has(c), probe(t), "tmux %s: %s", version.Text, c.Evidence())
	}
}

// printsRaw reports whether a control client is shown text as it is by a
// command that prints it, on a server with a buffer x and an option @x.
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

// pausesInItsAnswer reports whether a pause that was asked for is told in the
// answer.
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

func buffersAreTold(t *testing.T) bool {
	t.Helper()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	sub := server.Subscribe(64)
	defer sub.Close()
	client, _ := newPane(t, server, "s", "cat")
	controltest.Tmux(t, socket, "set-buffer", "-b", "x", "y")
	require.NoError(t, client.RenameSession(t.Context(), 1, "renamed")) // told after the buffer
	for told := false; ; {
		switch n := (<-sub.C).(type) {
		case controlmode.PasteBufferChanged:
			told = told || n.Name == "x"
		case controlmode.SessionRenamed:
			return told
		}
	}
}

// captureLeaks has 30 MB captured by -p and looks whether tmux has grown by it.
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
