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

// The place is the cursor's at the start of the typing, whatever is typed and shown
// later.
func TestSendKeysFrom(t *testing.T) {
	t.Parallel()
	socket, client, target := newHistory(t, controlmode.ServerOptions{}, 100, "printf prompt; tmux wait-for -S prompted; stty -echo; exec cat")
	controltest.Tmux(t, socket, "wait-for", "prompted")
	place, err := client.SendKeysFrom(t.Context(), target, new(controlmode.Input).Bytes("one\r"))
	require.NoError(t, err)
	require.Equal(t, controlmode.Place{History: 77, HistoryLimit: 2000, Width: 80, Height: 24, CursorX: 6, CursorY: 23}, place)
	_, err = client.SendKeysFrom(t.Context(), target, new(controlmode.Input).Bytes(strings.Repeat("x", 5000)))
	require.NoError(t, err)
	_, err = client.SendKeysFrom(t.Context(), controlmode.ActivePane(99), new(controlmode.Input).Bytes("x"))
	require.ErrorIs(t, err, controlmode.ErrNotFound)
	controltest.Tmux(t, socket, "copy-mode", "-t", "s")
	_, err = client.SendKeysFrom(t.Context(), target, new(controlmode.Input).RefuseMode().Bytes("x"))
	require.ErrorIs(t, err, controlmode.ErrInMode)
}

func TestPlaceOfTheAlternateScreen(t *testing.T) {
	t.Parallel()
	_, client, target := newHistory(t, controlmode.ServerOptions{}, 3, `printf 'ab\033[?1049h\033[5;9H'; exec cat`)
	require.Eventually(t, func() bool {
		j, err := client.CaptureJoined(t.Context(), target, 0)
		require.NoError(t, err)
		return j.Alternate && j.CursorX == 8 && j.CursorY == 4 && j.MainX == 2 && j.MainY == 3
	}, 10*time.Second, time.Millisecond)
}

func TestCaptureJoined(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 20)
	socket, client, target := newHistory(t, controlmode.ServerOptions{}, 100,
		fmt.Sprintf("echo %s; printf '%%s' 'é\\\\$ end'; tmux wait-for -S shown; stty -echo; exec cat", long))
	controltest.Tmux(t, socket, "wait-for", "shown")
	lines := func(j controlmode.Joined) (lines []string) {
		for line := range strings.Lines(string(j.Text)) {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
		return lines
	}
	// 100 numbers, 3 rows of the long line, and the last: 80 rows are history.
	j, err := client.CaptureJoined(t.Context(), target, -2)
	require.NoError(t, err)
	require.Equal(t, -2, j.First)
	require.Equal(t, controlmode.Place{History: 80, HistoryLimit: 2000, Width: 80, Height: 24, CursorX: 8, CursorY: 23}, j.Place)
	require.Equal(t, strings.Split(strings.TrimSpace(numbers(79, 100)), "\n"), lines(j)[:22])
	require.Equal(t, []string{long, `é\\$ end`}, lines(j)[22:])

	j, err = client.CaptureJoined(t.Context(), target, 21)
	require.NoError(t, err)
	require.Equal(t, []string{long[80:], `é\\$ end`}, lines(j), "from the second row of a line on")
	j, err = client.CaptureJoined(t.Context(), target, -1_000_000)
	require.NoError(t, err)
	require.Equal(t, -80, j.First)
	require.Len(t, lines(j), 102)
	j, err = client.CaptureJoined(t.Context(), target, 99)
	require.NoError(t, err)
	require.Equal(t, 23, j.First)
	require.Equal(t, []string{`é\\$ end`}, lines(j))
	_, err = client.CaptureJoined(t.Context(), controlmode.ActivePane(99), 0)
	require.ErrorIs(t, err, controlmode.ErrNotFound)
}

// A text of every size comes whole and alone, also where show-buffer overruns.
func TestCaptureJoinedOfEverySize(t *testing.T) {
	t.Parallel()
	socket, client, target := newHistory(t, controlmode.ServerOptions{}, 0, "stty -echo; tmux wait-for -S silent; exec cat")
	controltest.Tmux(t, socket, "wait-for", "silent")
	var want strings.Builder
	for n := range 300 {
		line := strings.Repeat("x", n%50+1)
		want.WriteString(line + "\n")
		controltest.Tmux(t, socket, "send-keys", "-l", "-t", "s", line+"\r")
		require.Eventually(t, func() bool {
			j, err := client.CaptureJoined(t.Context(), target, -1000)
			require.NoError(t, err)
			var text strings.Builder
			for line := range strings.Lines(string(j.Text)) {
				text.WriteString(strings.TrimRight(line, " \n") + "\n")
			}
			return strings.TrimRight(text.String(), "\n")+"\n" == want.String()
		}, 10*time.Second, time.Millisecond)
	}
}
