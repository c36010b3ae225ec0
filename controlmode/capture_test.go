package controlmode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// Captures are exact whatever their size. Where show-buffer overruns, it does so at
// sizes such as 976, 2000 and 4048 bytes, which just fill a block of memory.
func TestCapturesOfEverySize(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	const width, height, drawn = 4100, 3, "drawn"
	sizes := []int{1, 2}
	for block := 1024; block <= 4096; block *= 2 {
		for n := block - 48 - 8; n <= block-48+2; n++ {
			sizes = append(sizes, n)
		}
	}
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: "s", Width: width, Height: height,
		Command: []string{"sh", "-c", fmt.Sprintf(`stty -echo; while :; do tmux wait-for -S %s; read n; printf '\033[?1049l\033[H\033[2J%%*s\n\033[?1049h\033[H%%*s\n' "$n" x "$n" y; done`, drawn)},
	})
	require.NoError(t, err)
	hub := openHub(t, server)
	target := controlmode.PaneOf(pane.Session, pane.Pane)
	controltest.Tmux(t, socket, "wait-for", drawn)
	for _, n := range sizes {
		require.NoError(t, client.SendKeys(t.Context(), target, new(controlmode.Input).Keys(fmt.Sprint(n), "Enter")))
		controltest.Tmux(t, socket, "wait-for", drawn)
		want := strings.Repeat(" ", n-1) + "y" + strings.Repeat("\n", height)
		require.Eventually(t, func() bool { // until tmux has parsed it
			got, err := client.CapturePane(t.Context(), target)
			require.NoError(t, err)
			return string(got) == want
		}, 10*time.Second, time.Millisecond, "%d", n)
		for _, o := range []controlmode.ScreenOptions{{}, {Escapes: true}, {Join: true}, {Pad: true, Escapes: true}} {
			got, state, err := client.CaptureScreen(t.Context(), target, o)
			require.NoError(t, err)
			require.Equal(t, want, unpadded(got), "%d, %+v", n, o)
			require.True(t, state.Alternate)
		}
		got, _, err := captureLines(t.Context(), client, target, controlmode.Lines{Last: controlmode.ScreenEnd})
		require.NoError(t, err)
		require.Equal(t, want, got)
		paint, err := hub.Repaint(t.Context(), target, pane.Pane, false, nil)
		require.NoError(t, err)
		require.Equal(t, want, unpadded(paint.Styled))
		require.Equal(t, strings.ReplaceAll(want, "y", "x"), unpadded(paint.Main))
	}
}

// unpadded removes the blanks at the ends of lines, which a repaint may have.
func unpadded(styled []byte) string {
	lines := strings.SplitAfter(string(styled), "\n")
	for i, line := range lines {
		if text, ok := strings.CutSuffix(line, "\n"); ok {
			lines[i] = strings.TrimRight(text, " ") + "\n"
		}
	}
	return strings.Join(lines, "")
}
