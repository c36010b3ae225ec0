package sessiontest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
)

// TerminalState is what the active pane of a tmux session shows, with its styles,
// and the state of its terminal: the cursor, the modes and the scroll region.
func TerminalState(t testing.TB, socket, name string) string {
	t.Helper()
	return controltest.Tmux(t, socket, "capture-pane", "-p", "-e", "-t", name) +
		controltest.Tmux(t, socket, "display-message", "-p", "-t", name,
			"cursor #{cursor_x},#{cursor_y} #{cursor_flag} alternate #{alternate_on} modes #{insert_flag} #{keypad_cursor_flag} #{keypad_flag} #{mouse_any_flag} region #{scroll_region_upper}-#{scroll_region_lower} wrap #{wrap_flag} origin #{origin_flag}")
}

// AwaitSettled waits until a pane's terminal does not change any more: tmux has taken
// what the programs have written. tmux reads panes and answers commands in turn.
func AwaitSettled(t testing.TB, socket, name string) {
	t.Helper()
	was := ""
	require.Eventually(t, func() bool {
		now := TerminalState(t, socket, name)
		same := now == was
		was = now
		return same
	}, 20*time.Second, 20*time.Millisecond)
}

var emulators atomic.Int64

// Emulate writes bytes to another terminal, a new pane of tmux, and returns its
// TerminalState.
func Emulate(t testing.TB, socket string, width, height int, written []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "written")
	// The title is set when the pane has taken all that comes before it.
	require.NoError(t, os.WriteFile(file, append(bytes.Clone(written), "\x1b]2;taken\a"...), 0o600))
	name := fmt.Sprintf("emulator-%d", emulators.Add(1))
	controltest.Tmux(t, socket, "new-session", "-d", "-s", name, "-x", strconv.Itoa(width), "-y", strconv.Itoa(height),
		"stty raw -echo; cat '"+file+"'; exec sleep 1000")
	defer controltest.Tmux(t, socket, "kill-session", "-t", name)
	require.Eventually(t, func() bool {
		return controltest.Tmux(t, socket, "display-message", "-p", "-t", name, "#{pane_title}") == "taken\n"
	}, 20*time.Second, 5*time.Millisecond)
	return TerminalState(t, socket, name)
}

// Counting checks the output of a program that prints 1, 2, 3, … as a client follows
// it: the lines of each repaint and of the output after it count up by one. So
// nothing is missing, and nothing comes twice.
type Counting struct {
	Repaints int // so far
	Followed int // bytes of output so far, without repaints
	lines    strings.Builder
}

// Repaint adds a repaint, and checks the lines before it.
func (c *Counting) Repaint(written []byte) error {
	if err := c.Check(); err != nil {
		return err
	}
	c.Repaints++
	c.lines.WriteString(repaintedLines(string(written)))
	return nil
}

// Output adds output.
func (c *Counting) Output(data []byte) {
	c.lines.Write(data)
	c.Followed += len(data)
}

// Check fails unless the lines since the last repaint count up by one. It forgets
// them. The first and the last line may be parts of lines.
func (c *Counting) Check() error {
	lines := strings.Split(strings.ReplaceAll(c.lines.String(), "\r", ""), "\n")
	c.lines.Reset()
	for i := 2; i < len(lines)-1; i++ {
		was, _ := strconv.Atoi(lines[i-1])
		if lines[i] != strconv.Itoa(was+1) {
			return fmt.Errorf("line %d is %q after %q", i, lines[i], lines[i-1])
		}
	}
	return nil
}

var (
	repaintedLine   = regexp.MustCompile(`\x1b\[\d+;1H(\d*)`)
	repaintedCursor = regexp.MustCompile(`\x1b\[\?6l\x1b\[(\d+);(\d+)H`)
)

// repaintedLines are the lines of a repaint down to the cursor.
func repaintedLines(written string) string {
	var lines []string
	for _, m := range repaintedLine.FindAllStringSubmatch(written, 24) {
		lines = append(lines, m[1])
	}
	at := repaintedCursor.FindStringSubmatch(written)
	row, _ := strconv.Atoi(at[1]) // of digits
	return strings.Join(lines[:row], "\n")
}
