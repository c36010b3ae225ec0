package controlmode_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// pausedRepaintStream is a Repaint with a pause on tmux 3.8, which sends %pause and
// %continue between the blocks of the answer: for pane %1, which the Hub paused
// itself and must not report, and for %2.
const pausedRepaintStream = `< %begin 1 1 0
< %end 1 1 0
< %session-changed $0 hub
> refresh-client -f no-output,ignore-size ; display-message -p '#{pid} #{start_time} #{version} #{socket_path}'
< %begin 1 2 1
< %end 1 2 1
< %begin 1 3 1
< 7 1 next-3.8 /tmp/s
< %end 1 3 1
> display-message -p -t '$1:.%1' '#{alternate_on}'
< %begin 1 4 1
< 0
< %end 1 4 1
> REPAINT
< %begin 1 5 1
< 2 9 0 0 1 0 0 0 1 0 0 0 0 0 0 0 0 1 0 0
< %end 1 5 1
< %begin 1 6 1
< %end 1 6 1
< %pause %1
< %pause %2
< %begin 1 7 1
< %end 1 7 1
< %begin 1 8 1
< %end 1 8 1
< %begin 1 9 1
< %end 1 9 1
< %continue %1
< %begin 1 10 1
< hello
< 
< 
< %end 1 10 1
< %begin 1 11 1
< %end 1 11 1
< %begin 1 12 1
< no buffer cafe
< %error 1 12 1
< %pause %1
> display-message -p ok
< %begin 1 13 1
< ok
< %end 1 13 1
`

// A Hub does not report its own pause, and does report pauses of tmux's own before
// and after it.
func TestOwnPauseIsNotReported(t *testing.T) {
	t.Parallel()
	line := "display-message -p -t '$1:.%1' " + controlmode.RepaintFormat +
		" ; refresh-client -A '%1:pause' ; capturep -b ipx-capture -e -N -t '$1:.%1'" +
		" ; capturep -p -P -C -t '$1:.%1' ; refresh-client -A '%1:continue'" +
		" ; showb -b ipx-capture ; deleteb -b ipx-capture ; deleteb -b cafe"
	file := filepath.Join(t.TempDir(), "cut.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(pausedRepaintStream, "REPAINT", line, 1)), 0o600))
	told := make(chan controlmode.Notification, 64)
	hub, err := controlmode.ScriptedHub(controltest.NewReplay(t, file), func() string { return "cafe" },
		func(n controlmode.Notification) { told <- n })
	require.NoError(t, err)
	defer hub.Close()

	paint, err := hub.Repaint(t.Context(), controlmode.PaneOf(1, 1), 1, true, func() { told <- nil })
	require.NoError(t, err)
	require.Equal(t, "hello\n\n", string(paint.Styled))
	require.NoError(t, hub.Ping(t.Context()))
	var flow []controlmode.Notification
	for len(told) > 0 {
		n := <-told
		switch n.(type) {
		case controlmode.Unasked, controlmode.SessionChanged, controlmode.Exit:
		default:
			flow = append(flow, n)
		}
	}
	require.Equal(t, []controlmode.Notification{controlmode.Pause{Pane: 2}, nil, controlmode.Pause{Pane: 1}}, flow)
}
