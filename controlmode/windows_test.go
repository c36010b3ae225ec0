package controlmode_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// windows is a session whose windows and panes are changed.
type windows struct {
	*testing.T
	controlmode.Client
	server  controlmode.ServerID
	session controlmode.SessionID
	first   controlmode.PaneInfo
}

func newWindows(t *testing.T) *windows {
	t.Helper()
	server := controltest.Start(t, controlmode.ServerOptions{})
	client, pane := newPane(t, server, "s", "cat")
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	return &windows{T: t, Client: client, server: id, session: pane.Session, first: pane}
}

func (w *windows) pane(p controlmode.PaneInfo) controlmode.Target {
	return controlmode.PaneOf(w.session, p.Pane)
}

// describe is each pane by its id.
func (w *windows) describe() map[controlmode.PaneID]controlmode.PaneDetail {
	w.Helper()
	list, err := w.DescribePanes(w.Context(), w.session)
	require.NoError(w, err)
	byID := map[controlmode.PaneID]controlmode.PaneDetail{}
	for _, p := range list {
		byID[p.Pane] = p
	}
	return byID
}

// becomes polls for a state that no notification reports.
func (w *windows) becomes(p controlmode.PaneInfo, is func(controlmode.PaneDetail) bool) controlmode.PaneDetail {
	w.Helper()
	require.Eventually(w, func() bool {
		now := w.describe()[p.Pane]
		if now.Dead && now.ExitStatus < 0 && now.Signal == 0 {
			controlmode.ReapChildren(w.server)
		}
		return is(now)
	}, 10*time.Second, time.Millisecond)
	return w.describe()[p.Pane]
}

var cat = controlmode.ProgramOptions{Command: []string{"cat"}}

func TestDescribePanes(t *testing.T) {
	t.Parallel()
	w := newWindows(t)
	dir := t.TempDir() + "/a b#{pid} \xc3\xa9"
	require.NoError(t, os.Mkdir(dir, 0o700))
	hostile := "%end 1 2 1 #(x) \xc3\xa9"
	made, err := w.NewWindow(t.Context(), w.session, controlmode.NewWindowOptions{Name: hostile, ProgramOptions: controlmode.ProgramOptions{
		Dir: dir, Env: map[string]string{"TITLE": hostile},
		Command: []string{"sh", "-c", `seq 30; printf '\033]2;%s\033\\\033[?25l\033[?1049h\033[3;5H' "$TITLE"; exec cat`},
	}})
	require.NoError(t, err)
	require.True(t, made.Active)
	p := w.becomes(made, func(p controlmode.PaneDetail) bool { return p.Alternate && p.CursorX == 4 && p.Command == "cat" })
	require.Equal(t, hostile, p.Title)
	require.Equal(t, hostile, p.In.Name)
	require.Equal(t, dir, p.Path)
	require.Equal(t, 2, p.CursorY)
	require.False(t, p.CursorVisible)
	require.Equal(t, 1, p.In.Index)
	require.True(t, p.In.Active)
	require.Equal(t, -1, p.ExitStatus)
	require.Equal(t, made, p.PaneInfo)

	first := w.describe()[w.first.Pane]
	require.False(t, first.Active)
	require.True(t, first.ActiveInside)
	require.False(t, first.In.Active)
	require.Equal(t, 80, first.In.Width)
	require.Regexp(t, `^[0-9a-f]{4},80x24,0,0,\d+$`, first.In.Layout)

	_, err = w.DescribePanes(t.Context(), 99)
	require.ErrorIs(t, err, controlmode.ErrNotFound)
}

func TestWindows(t *testing.T) {
	t.Parallel()
	w := newWindows(t)
	ctx := t.Context()
	made, err := w.NewWindow(ctx, w.session, controlmode.NewWindowOptions{ProgramOptions: cat, Detached: true})
	require.NoError(t, err)
	require.False(t, made.Active)
	require.NoError(t, w.RenameWindow(ctx, w.session, made.Window, "#{pid}"))
	require.Equal(t, "#{pid}", w.describe()[made.Pane].In.Name)
	require.NoError(t, w.SelectWindow(ctx, w.session, made.Window))
	require.True(t, w.describe()[made.Pane].Active)

	other, err := w.NewSession(ctx, controlmode.NewSessionOptions{Name: "other", Command: []string{"cat"}})
	require.NoError(t, err)
	for name, err := range map[string]error{
		"rename": w.RenameWindow(ctx, w.session, other.Window, "x"),
		"select": w.SelectWindow(ctx, w.session, other.Window),
		"layout": w.SelectLayout(ctx, w.session, other.Window, controlmode.Tiled),
		"keep":   w.SetRemainOnExit(ctx, w.session, other.Window, true),
		"kill":   w.KillWindow(ctx, w.session, other.Window),
		"pane":   w.KillPane(ctx, w.pane(other)),
		"swap":   w.SwapPane(ctx, w.pane(made), w.pane(other)),
	} {
		require.ErrorIs(t, err, controlmode.ErrNotFound, "%s a window of another session", name)
	}
	require.NoError(t, w.KillWindow(ctx, w.session, made.Window))
	require.Len(t, w.describe(), 1)
	require.NoError(t, w.KillWindow(ctx, w.session, w.first.Window))
	_, err = w.DescribePanes(ctx, w.session)
	require.ErrorIs(t, err, controlmode.ErrNotFound)
}

func TestPanes(t *testing.T) {
	t.Parallel()
	w := newWindows(t)
	ctx := t.Context()
	right, err := w.SplitWindow(ctx, w.pane(w.first), controlmode.SplitOptions{ProgramOptions: cat, Side: controlmode.Right, Size: 30})
	require.NoError(t, err)
	require.Equal(t, 30, right.Width)
	require.True(t, right.Active)
	above, err := w.SplitWindow(ctx, w.pane(right), controlmode.SplitOptions{ProgramOptions: cat, Side: controlmode.Above, Size: 50, Percent: true, Detached: true})
	require.NoError(t, err)
	require.False(t, above.Active)
	now := w.describe()
	require.Zero(t, now[above.Pane].Top)
	require.NotZero(t, now[right.Pane].Top)

	require.NoError(t, w.SelectPane(ctx, w.pane(w.first)))
	require.True(t, w.describe()[w.first.Pane].Active)
	require.NoError(t, w.ResizePane(ctx, w.pane(right), 40, 5))
	require.Equal(t, []int{40, 5}, []int{w.describe()[right.Pane].Width, w.describe()[right.Pane].Height})
	require.NoError(t, w.ToggleZoom(ctx, w.pane(right)))
	require.True(t, w.describe()[right.Pane].In.Zoomed)
	require.NoError(t, w.ToggleZoom(ctx, w.pane(right)))
	require.NoError(t, w.SwapPane(ctx, w.pane(right), w.pane(above)))
	require.Zero(t, w.describe()[right.Pane].Top)
	for name := range map[string]bool{"even-horizontal": true, "even-vertical": true, "main-horizontal": true, "main-vertical": true, "tiled": true} {
		layout, err := controlmode.ParseLayout(name)
		require.NoError(t, err)
		require.NoError(t, w.SelectLayout(ctx, w.session, w.first.Window, layout))
	}
	_, err = controlmode.ParseLayout("b25d,80x24,0,0,0")
	require.Error(t, err)
	for err == nil || len(w.describe()) < 4 {
		_, err = w.SplitWindow(ctx, w.pane(w.first), controlmode.SplitOptions{ProgramOptions: cat})
		if err != nil {
			break
		}
	}
	require.ErrorIs(t, err, controlmode.ErrNoSpace)
	require.NoError(t, w.KillPane(ctx, w.pane(above)))
	require.NotContains(t, w.describe(), above.Pane)
}

func TestRespawnPane(t *testing.T) {
	t.Parallel()
	w := newWindows(t)
	ctx := t.Context()
	require.NoError(t, w.SetRemainOnExit(ctx, w.session, w.first.Window, true))
	require.ErrorIs(t, w.RespawnPane(ctx, w.pane(w.first), false, controlmode.ProgramOptions{}), controlmode.ErrPaneAlive)
	require.NoError(t, w.RespawnPane(ctx, w.pane(w.first), true, controlmode.ProgramOptions{Command: []string{"sh", "-c", "exit 3"}}))
	ended := w.becomes(w.first, func(p controlmode.PaneDetail) bool { return p.Dead && p.ExitStatus >= 0 })
	require.Equal(t, 3, ended.ExitStatus)
	require.NoError(t, w.RespawnPane(ctx, w.pane(w.first), false, controlmode.ProgramOptions{Command: []string{"sh", "-c", "kill -9 $$"}}))
	ended = w.becomes(w.first, func(p controlmode.PaneDetail) bool { return p.Dead && p.Signal != 0 })
	require.Equal(t, 9, ended.Signal)
	require.NoError(t, w.RespawnPane(ctx, w.pane(w.first), false, cat))
	require.False(t, w.describe()[w.first.Pane].Dead)
}

// A program that ends at once leaves its pane, too.
func TestRemainOnExitFromTheStart(t *testing.T) {
	t.Parallel()
	w := newWindows(t)
	ends := controlmode.ProgramOptions{Command: []string{"/bin/false"}}
	kept, err := w.NewWindow(t.Context(), w.session, controlmode.NewWindowOptions{ProgramOptions: ends, RemainOnExit: true})
	require.NoError(t, err)
	require.Equal(t, 1, w.becomes(kept, func(p controlmode.PaneDetail) bool { return p.Dead && p.ExitStatus >= 0 }).ExitStatus)
	require.Equal(t, "false", w.describe()[kept.Pane].In.Name)
	named, err := w.NewWindow(t.Context(), w.session, controlmode.NewWindowOptions{ProgramOptions: cat, RemainOnExit: true, Name: "a.b"})
	require.NoError(t, err)
	require.Equal(t, "a.b", w.describe()[named.Pane].In.Name)
	shell, err := w.NewWindow(t.Context(), w.session, controlmode.NewWindowOptions{RemainOnExit: true})
	require.NoError(t, err)
	require.Regexp(t, "^[a-z]*sh$", w.describe()[shell.Pane].In.Name)

	pane, err := w.NewSession(t.Context(), controlmode.NewSessionOptions{Name: "kept", Command: ends.Command, RemainOnExit: true})
	require.NoError(t, err)
	w.session = pane.Session
	require.Equal(t, 1, w.becomes(pane, func(p controlmode.PaneDetail) bool { return p.Dead && p.ExitStatus >= 0 }).ExitStatus)
	_, err = w.NewSession(t.Context(), controlmode.NewSessionOptions{Name: "a.b", RemainOnExit: true})
	require.ErrorIs(t, err, controlmode.ErrPlainName)
}
