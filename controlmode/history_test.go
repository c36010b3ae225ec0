package controlmode_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// newHistory makes a pane whose program has printed numbered lines and goes on as
// then says.
func newHistory(t *testing.T, o controlmode.ServerOptions, lines int, then string) (socket string, c controlmode.Client, target controlmode.Target) {
	t.Helper()
	o.SocketName = controltest.SocketName(t)
	server := controltest.Start(t, o)
	client, pane := newPane(t, server, "s", "sh", "-c", fmt.Sprintf("seq %d; tmux wait-for -S printed; %s", lines, then))
	controltest.Tmux(t, o.SocketName, "wait-for", "printed")
	return o.SocketName, client, controlmode.ActivePane(pane.Session)
}

// captureLines captures lines and counts the pieces.
func captureLines(ctx context.Context, c controlmode.Client, target controlmode.Target, l controlmode.Lines) (text string, pieces int, err error) {
	var all bytes.Buffer
	err = c.CaptureLines(ctx, target, l, func(piece []byte) error {
		pieces++
		all.Write(piece)
		return nil
	})
	return all.String(), pieces, err
}

// numbers are the lines from first to last as seq prints them.
func numbers(first, last int) string {
	var s strings.Builder
	for n := first; n <= last; n++ {
		fmt.Fprintln(&s, n)
	}
	return s.String()
}

func TestCaptureLines(t *testing.T) {
	t.Parallel()
	_, client, target := newHistory(t, controlmode.ServerOptions{HistoryLimit: 20_000}, 9_000, "exec cat")
	const screen = 23 // so many of them are on the screen; the cursor is on the last line
	for name, test := range map[string]struct {
		lines  controlmode.Lines
		want   string
		pieces int
	}{
		"the screen":      {controlmode.Lines{First: 0, Last: controlmode.ScreenEnd}, numbers(9_001-screen, 9_000) + "\n", 1},
		"zero":            {controlmode.Lines{}, numbers(9_001-screen, 9_001-screen), 1},
		"some":            {controlmode.Lines{First: -3, Last: -2}, numbers(8_975, 8_976), 1},
		"the other way":   {controlmode.Lines{First: -2, Last: -3}, numbers(8_975, 8_976), 1},
		"too much":        {controlmode.Lines{First: -2, Last: 99}, numbers(8_976, 9_000) + "\n", 1},
		"nothing before":  {controlmode.Lines{First: -99_999, Last: -88_888}, "1\n", 1},
		"all":             {controlmode.Lines{First: controlmode.HistoryStart, Last: controlmode.ScreenEnd}, numbers(1, 9_000) + "\n", 36},
		"of the middle":   {controlmode.Lines{First: -5_000, Last: -1_000}, numbers(3_978, 7_978), 16},
		"as one of 2,000": {controlmode.Lines{First: -2_000, Last: -1}, numbers(6_978, 8_977), 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, pieces, err := captureLines(t.Context(), client, target, test.lines)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
			require.Equal(t, test.pieces, pieces)
		})
	}
	_, _, err := captureLines(t.Context(), client, controlmode.ActivePane(99), controlmode.Lines{})
	require.ErrorIs(t, err, controlmode.ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = captureLines(ctx, client, target, controlmode.Lines{})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, client.CaptureLines(t.Context(), target, controlmode.Lines{}, func([]byte) error { return context.Canceled }), context.Canceled)
}

// Lines that scroll during the capture are neither lost nor repeated, also when tmux
// drops the oldest lines meanwhile.
func TestCaptureLinesOfAScrollingPane(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		printed int
		first   int // the oldest lines may be dropped before they are read
		last    int // number printed by then
	}{
		"growing":  {9_000, controlmode.HistoryStart, 8_977},
		"dropping": {30_000, -12_000, 29_977},
	} {
		t.Run(name, func(t *testing.T) {
			const more = 500 // lines after each piece
			socket, client, target := newHistory(t, controlmode.ServerOptions{HistoryLimit: 20_000}, test.printed, fmt.Sprintf(
				"stty -echo; tmux wait-for -S ready; i=%d; while read x; do seq $((i+1)) $((i+%d)); i=$((i+%[2]d)); tmux wait-for -S more; done", test.printed, more))
			wait := func(channel string) { controltest.Tmux(t, socket, "wait-for", channel) }
			wait("ready")
			var got bytes.Buffer
			pieces := 0
			require.NoError(t, client.CaptureLines(t.Context(), target, controlmode.Lines{First: test.first, Last: -1}, func(piece []byte) error {
				pieces++
				got.Write(piece)
				defer wait("more")
				return client.SendKeys(t.Context(), target, new(controlmode.Input).Keys("Enter"))
			}))
			require.Greater(t, pieces, 5)
			first, _, _ := strings.Cut(got.String(), "\n")
			require.Equal(t, numbers(atoi(t, first), test.last), got.String())
		})
	}
}

func TestCaptureLinesOfAClearedHistory(t *testing.T) {
	t.Parallel()
	_, client, target := newHistory(t, controlmode.ServerOptions{HistoryLimit: 20_000}, 9_000, "exec cat")
	pieces := 0
	err := client.CaptureLines(t.Context(), target, controlmode.Lines{First: controlmode.HistoryStart, Last: -1}, func([]byte) error {
		pieces++
		_, err := client.Print(t.Context(), "clear-history -t "+target.Session.String())
		return err
	})
	require.ErrorIs(t, err, controlmode.ErrHistoryMoved)
	require.Equal(t, 1, pieces)
}

// The connection for long commands is made once, is hidden, comes back, and ends with
// the Server.
func TestBulkConnection(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	client, pane := newPane(t, server, "s", "cat")
	first := clientPID(t, socket)
	look := func() {
		t.Helper()
		got, _, err := captureLines(t.Context(), client, controlmode.ActivePane(pane.Session), controlmode.Lines{Last: controlmode.ScreenEnd})
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("\n", 24), got)
	}
	look()
	pids := clientPIDs(t, socket)
	require.Len(t, pids, 2)
	look()
	require.Equal(t, pids, clientPIDs(t, socket))
	require.Equal(t, 1, server.Connects())
	panes, err := client.ListAllPanes(t.Context())
	require.NoError(t, err)
	require.Len(t, panes, 1)
	for _, pid := range pids {
		if pid != first {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	look()
	require.Equal(t, 1, server.Connects())
	require.NoError(t, server.Close())
	require.Empty(t, clientPIDs(t, socket))
	_, _, err = captureLines(t.Context(), client, controlmode.ActivePane(pane.Session), controlmode.Lines{})
	require.ErrorIs(t, err, controlmode.ErrClosed)
}
