package controlmode_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

const hostileFolder = "../testdata/hostile"

// hostileFiles is the corpus: the paths by their names. See the folder's README.
func hostileFiles(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(hostileFolder, "*"))
	require.NoError(t, err)
	files := map[string]string{}
	for _, path := range found {
		if name := filepath.Base(path); name != "README.md" {
			files[name], err = filepath.Abs(path)
			require.NoError(t, err)
		}
	}
	require.Greater(t, len(files), 10)
	return files
}

// longLines writes a file that would be too large to keep: lines of 100,000 columns.
func longLines(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, text := range map[string]string{
		"long-line":      strings.Repeat("0123456789", 10_000),
		"long-wide-line": strings.Repeat("漢", 50_000),
		"long-guards":    strings.Repeat("%end 1 2 1 \\012", 7_000),
	} {
		files[name] = filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(files[name], []byte(text+"\r\n%end 1 2 1\r\n"+text), 0o600))
	}
	return files
}

// player writes a file, unchanged by the terminal, when it is told to. Then it lives
// on, and reads nothing.
const player = `stty raw -echo; tmux wait-for "go-$1"; cat "$0"; tmux wait-for -S "done-$1"; exec sleep 2147483647`

// played is a session whose program has written a file, which tmux has read. The
// output that a hub received of it is exactly the file.
func played(t *testing.T, socket string, client controlmode.Client, hub *hubRecorder, file string, width, height int) controlmode.PaneInfo {
	t.Helper()
	name := filepath.Base(file)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: name, Width: width, Height: height, Command: []string{"sh", "-c", player, file, name},
	})
	require.NoError(t, err)
	require.NoError(t, hub.Link(t.Context(), pane.Window))
	controltest.Tmux(t, socket, "wait-for", "-S", "go-"+name)
	controltest.Tmux(t, socket, "wait-for", "done-"+name)
	hub.until(t, "all that was written", func() bool { return len(hub.output(pane.Pane)) >= len(written) })
	require.Equal(t, string(written), hub.output(pane.Pane))
	return pane
}

// TestHostileContent plays the corpus through real panes while other callers use the
// connection. Captures, repaints and output must be what plain tmux shows and what
// the program wrote, byte for byte. Every other caller gets its own answers, and the
// connection stays the first one throughout.
func TestHostileContent(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	controltest.Tmux(t, socket, "set-option", "-gw", "allow-rename", "on", ";", "set-option", "-gw", "allow-passthrough", "on", ";", "set-option", "-s", "set-clipboard", "on")
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	hub := openHub(t, server)

	others := startCallers(t, client, 4)
	for _, files := range []map[string]string{hostileFiles(t), longLines(t)} {
		for name, file := range files {
			right := t.Run(name, func(t *testing.T) {
				pane := played(t, socket, client, hub, file, 80, 24)
				requireSameView(t, socket, client, hub.Hub, pane)
				requireListed(t, client, pane, name)
				require.NoError(t, hub.Unlink(t.Context(), pane.Window))
				require.NoError(t, client.KillSession(t.Context(), pane.Session))
			})
			require.True(t, right, "after a wrong answer none is to be trusted")
		}
	}
	answers, err := others.stop()
	require.NoError(t, err)
	t.Logf("other callers had %d answers of their own", answers)
	require.Equal(t, 1, server.Connects())
	require.NoError(t, hub.Err())
}

// view is everything that can be seen of a pane.
type view struct{ screen, styled, main, pending, title string }

// requireSameView: we see what plain tmux sees, before and after.
func requireSameView(t *testing.T, socket string, client controlmode.Client, hub *controlmode.Hub, pane controlmode.PaneInfo) {
	t.Helper()
	for {
		before := plainView(t, socket, pane)
		ours := ourView(t, client, hub, pane)
		if before == plainView(t, socket, pane) { // tmux gives up on an unfinished escape sequence after 5 s
			require.Equal(t, before, ours)
			return
		}
	}
}

const titleFormat = "#{pane_title}|#{window_name}|#{session_name}|#{alternate_on}"

func plainView(t *testing.T, socket string, pane controlmode.PaneInfo) view {
	t.Helper()
	look := func(args ...string) string {
		return controltest.Tmux(t, socket, append(args, "-t", pane.Pane.String())...)
	}
	v := view{
		screen: look("capture-pane", "-p"), styled: look("capture-pane", "-p", "-e", "-N"),
		pending: strings.TrimSuffix(look("capture-pane", "-p", "-P"), "\n"),
		title:   controltest.Tmux(t, socket, "display-message", "-p", "-t", pane.Pane.String(), titleFormat),
	}
	if strings.HasSuffix(v.title, "|1\n") {
		v.main = look("capture-pane", "-p", "-a", "-e", "-N")
	}
	return v
}

func ourView(t *testing.T, client controlmode.Client, hub *controlmode.Hub, pane controlmode.PaneInfo) view {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerTime)
	defer cancel()
	screen, err := client.CapturePane(ctx, controlmode.ActivePane(pane.Session))
	require.NoError(t, err)
	same, err := client.CapturePane(ctx, controlmode.PaneOf(pane.Session, pane.Pane))
	require.NoError(t, err)
	require.Equal(t, string(screen), string(same))
	title, err := client.Print(ctx, "display-message -p -t "+pane.Pane.String()+" '"+titleFormat+"'")
	require.NoError(t, err)
	var painted bool
	paint, err := hub.Repaint(ctx, controlmode.ActivePane(pane.Session), pane.Pane, true, func() { painted = true })
	require.NoError(t, err)
	require.True(t, painted)
	return view{screen: string(screen), styled: string(paint.Styled), main: string(paint.Main), pending: string(paint.Pending), title: title}
}

// requireListed: every list shows the session and its one pane as they are.
func requireListed(t *testing.T, client controlmode.Client, pane controlmode.PaneInfo, name string) {
	t.Helper()
	sessions, err := client.ListSessions(t.Context(), "@x")
	require.NoError(t, err)
	require.Contains(t, sessions, controlmode.SessionInfo{ID: pane.Session, Name: name})
	pane.Active = true // a new session's is not yet
	panes, err := client.ListPanes(t.Context(), pane.Session)
	require.NoError(t, err)
	require.Equal(t, []controlmode.PaneInfo{pane}, panes)
	all, err := client.ListAllPanes(t.Context())
	require.NoError(t, err)
	require.Contains(t, all, pane)
}

// callers repeat commands whose answers they know, until stopped.
type callers struct {
	errgroup.Group
	stopped atomic.Bool
	answers atomic.Int64
}

// answerTime is when an answer counts as lost: a crossed reply leaves a caller
// without one.
const answerTime = 30 * time.Second

// startCallers starts n, each with a session of its own.
func startCallers(t *testing.T, client controlmode.Client, n int) *callers {
	t.Helper()
	c := new(callers)
	for i := range n {
		name := fmt.Sprint("caller-", i)
		file := filepath.Join(t.TempDir(), name)
		text := strings.Repeat("screen of "+name+"\r\n", 9)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
			Name: name, Width: 60, Height: 10, Command: []string{"sh", "-c", "stty raw -echo; cat \"$0\"; exec cat", file},
		})
		require.NoError(t, err)
		want := strings.ReplaceAll(text, "\r", "") + "\n"
		require.Eventually(t, func() bool {
			screen, err := client.CapturePane(t.Context(), controlmode.ActivePane(pane.Session))
			return err == nil && string(screen) == want
		}, 10*time.Second, 5*time.Millisecond)
		c.Go(func() error {
			for n := 0; !c.stopped.Load(); n++ {
				if err := ask(t, client, pane, want, fmt.Sprint(name, " asks ", n)); err != nil {
					return err
				}
				c.answers.Add(5)
			}
			return nil
		})
	}
	t.Cleanup(func() { _, _ = c.stop() })
	return c
}

// ask asks for a screen, a list, a text, a thing that is not there, and for nothing.
func ask(t *testing.T, client controlmode.Client, pane controlmode.PaneInfo, want, token string) error {
	ctx, cancel := context.WithTimeout(t.Context(), answerTime)
	defer cancel()
	screen, err := client.CapturePane(ctx, controlmode.ActivePane(pane.Session))
	if err != nil || string(screen) != want {
		return fmt.Errorf("%s: captured %q, %w", token, screen, err)
	}
	panes, err := client.ListPanes(ctx, pane.Session)
	if err != nil || len(panes) != 1 || panes[0].Pane != pane.Pane {
		return fmt.Errorf("%s: listed %v, %w", token, panes, err)
	}
	said, err := client.Print(ctx, "display-message -p '"+token+"'")
	if err != nil || said != token+"\n" {
		return fmt.Errorf("%s: was told %q, %w", token, said, err)
	}
	var refused *controlmode.CommandError
	if err := client.KillSession(ctx, 4_000_000+pane.Session); !errors.Is(err, controlmode.ErrNotFound) || !errors.As(err, &refused) ||
		!strings.Contains(refused.Message, strconv.Itoa(4_000_000+int(pane.Session))) {
		return fmt.Errorf("%s: killing what is not there: %w", token, err)
	}
	return client.SendKeys(ctx, controlmode.ActivePane(pane.Session), new(controlmode.Input))
}

// stop waits for the callers and returns how many answers they had.
func (c *callers) stop() (int64, error) {
	c.stopped.Store(true)
	err := c.Wait()
	return c.answers.Load(), err
}
