package controlmode_test

import (
	"bufio"
	"io"
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
	text, err := exec.Command("tmux", "-V").Output()
	require.NoError(t, err)
	version, err := controlmode.ParseVersion(string(text))
	require.NoError(t, err)
	for c, probe := range map[controlmode.Capability]func(*testing.T) bool{
		controlmode.LeakyCapture:         captureLeaks,
		controlmode.EncodedBuffers:       func(t *testing.T) bool { return !printsRaw(t, "show-buffer -b x", "a\tb") },
		controlmode.ToldBuffers:          buffersAreTold,
		controlmode.EncodedLists:         func(t *testing.T) bool { return !printsRaw(t, "list-buffers -F '#{@x}'", "\xff") },
		controlmode.CaptureTrimPositions: func(t *testing.T) bool { return knowsFlag(t, "capture-pane", "-T") },
		controlmode.CaptureMode:          func(t *testing.T) bool { return knowsFlag(t, "capture-pane", "-M") },
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
	controltest.Tmux(t, socket, "-f", "/dev/null", "new-session", "-d", "cat", ";", "set-buffer", "-b", "x", "a\tb", ";", "set-option", "-s", "@x", "\xff")
	return strings.Contains(controlClient(t, socket, command), "\n"+text+"\n")
}

// controlClient runs command lines on a control client that ends after them,
// and returns all that tmux wrote.
func controlClient(t *testing.T, socket, lines string) string {
	t.Helper()
	control := exec.Command("tmux", "-L", socket, "-C", "attach-session", "-f", "no-output")
	in, err := control.StdinPipe()
	require.NoError(t, err)
	out, err := control.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, control.Start())
	_, err = io.WriteString(in, lines+"\ndisplay-message -p 'all run'\n")
	require.NoError(t, err)
	var wrote strings.Builder
	for reader := bufio.NewReader(out); ; {
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		if line == "all run\n" {
			break
		}
		wrote.WriteString(line)
	}
	require.NoError(t, control.Process.Kill())
	_ = control.Wait() // it was killed
	return wrote.String()
}

func knowsFlag(t *testing.T, command, flag string) bool {
	t.Helper()
	socket := controltest.SocketName(t)
	controltest.Tmux(t, socket, "-f", "/dev/null", "new-session", "-d", "cat", ";", "set-buffer", "x")
	out, err := exec.Command("tmux", "-L", socket, command, flag).CombinedOutput()
	require.Equal(t, err != nil, strings.Contains(string(out), "unknown flag "+flag), "%s", out)
	return err == nil
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
	controltest.Tmux(t, socket, "-f", "/dev/null", "new-session", "-d", "-x", "500", "-y", "200",
		`i=0; while [ $i -lt 300 ]; do i=$((i+1)); printf '%0500d' 0; done; tmux wait-for -S drawn; exec cat`)
	controltest.Tmux(t, socket, "wait-for", "drawn")
	pid, err := strconv.Atoi(strings.TrimSpace(controltest.Tmux(t, socket, "display-message", "-p", "#{pid}")))
	require.NoError(t, err)
	before := residentKB(t, pid)
	for range captures / 10 { // what a client is behind with is bounded
		out := controlClient(t, socket, strings.Repeat("capture-pane -p\n", 10))
		require.Greater(t, len(out), 10*200*500)
	}
	return residentKB(t, pid)-before > captures*200*500/2/1024
}

// residentKB is a process's resident memory.
func residentKB(t *testing.T, pid int) int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	require.NoError(t, err)
	return atoi(t, strings.TrimSpace(string(out)))
}
