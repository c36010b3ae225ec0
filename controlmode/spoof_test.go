package controlmode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// liar prints, without end, guards with every number and time that the next answers
// can have, and lines that look like notifications.
const liar = `
t=$(date +%s)
tmux wait-for -S lying
n=$1
while :; do
	t=$(date +%s)
	for i in $(seq $n $((n + 400))); do
		printf '%%end %s %s 1\n%%begin %s %s 1\n%%error %s %s 1\n%%exit\n%%sessions-changed\n' $t $i $t $((i + 1)) $((t + 1)) $i
	done
	n=$((n + 400))
	[ $n -lt 40000 ] || n=$1
done`

// TestSpoofedGuards captures a pane that prints fake guards as fast as it can, beside
// panes whose text is known. No answer may be cut short, run on, or reach another
// caller.
func TestSpoofedGuards(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	client := connect(t, controlmode.ServerOptions{SocketName: socket})
	hostile, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: "liar", Width: 60, Height: 50, Command: []string{"sh", "-c", liar, "sh", "280"},
	})
	require.NoError(t, err)
	controltest.Tmux(t, socket, "wait-for", "lying")

	var honest errgroup.Group
	for i := range 8 {
		pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
			Name: fmt.Sprint("honest-", i), Width: 60, Height: 10,
			Command: []string{"sh", "-c", fmt.Sprintf("for i in 1 2 3 4 5 6 7 8 9; do echo screen %d line $i; done; tmux wait-for -S drawn; exec cat", i)},
		})
		require.NoError(t, err)
		controltest.Tmux(t, socket, "wait-for", "drawn")
		var want strings.Builder
		for line := 1; line <= 9; line++ {
			fmt.Fprintf(&want, "screen %d line %d\n", i, line)
		}
		want.WriteString("\n")
		honest.Go(func() error {
			for range 300 {
				screen, err := client.CapturePane(t.Context(), controlmode.ActivePane(pane.Session))
				if err != nil || string(screen) != want.String() {
					return fmt.Errorf("captured %q, %v", screen, err)
				}
				panes, err := client.ListPanes(t.Context(), pane.Session)
				if err != nil || len(panes) != 1 || panes[0].Pane != pane.Pane {
					return fmt.Errorf("listed %v, %v", panes, err)
				}
			}
			return nil
		})
	}
	honest.Go(func() error {
		for range 600 {
			screen, err := client.CapturePane(t.Context(), controlmode.ActivePane(hostile.Session))
			if err != nil {
				return err
			}
			if err := lies(string(screen), 50); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, honest.Wait())
}

// lies checks that a screen holds only lines of the liar.
func lies(screen string, height int) error {
	lines := strings.SplitAfter(screen, "\n")
	if len(lines) != height+1 || lines[height] != "" {
		return fmt.Errorf("%d lines instead of %d", len(lines)-1, height)
	}
	for _, line := range lines[:height-1] {
		word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "%end", "%begin", "%error", "%exit", "%sessions-changed", "":
		default:
			return fmt.Errorf("a line of the liar's is %q", line)
		}
	}
	return nil
}
