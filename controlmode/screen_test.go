package controlmode_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// newDrawing is a pane of 10 by 5 cells whose program has drawn on it.
func newDrawing(t *testing.T, script string) (controlmode.Client, controlmode.Target) {
	t.Helper()
	socket := controltest.SocketName(t)
	client := connect(t, controlmode.ServerOptions{SocketName: socket})
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: "s", Width: 10, Height: 5, Command: []string{"sh", "-c", "stty -echo; " + script + "; tmux wait-for -S drawn; exec cat"},
	})
	require.NoError(t, err)
	controltest.Tmux(t, socket, "wait-for", "drawn")
	return client, controlmode.PaneOf(pane.Session, pane.Pane)
}

func TestCaptureScreen(t *testing.T) {
	t.Parallel()
	client, target := newDrawing(t, `printf 'plain \033[31mred\033[0m\nwrapped over two  \n\033[1m\\$~\303\251\033[0m'`)
	for name, test := range map[string]struct {
		options controlmode.ScreenOptions
		want    string
	}{
		"plain":  {controlmode.ScreenOptions{}, "plain red\nwrapped ov\ner two\n\\$~é\n\n"},
		"joined": {controlmode.ScreenOptions{Join: true}, "plain red\nwrapped over two  \n\\$~é\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, state, err := client.CaptureScreen(t.Context(), target, test.options)
			require.NoError(t, err)
			require.Equal(t, test.want, string(got))
			require.Equal(t, controlmode.PaneState{Width: 10, Height: 5, CursorX: 4, CursorY: 3}, state)
		})
	}
	for _, o := range []controlmode.ScreenOptions{{Escapes: true}, {Escapes: true, Pad: true}} {
		got, _, err := client.CaptureScreen(t.Context(), target, o)
		require.NoError(t, err)
		// Where the reset stands depends on tmux's release.
		require.Regexp(t, regexp.MustCompile(`^plain \x1b\[31mred(\x1b\[39m)? *\n(\x1b\[39m)?wrapped ov\ner two *\n\x1b\[1m\\\$~é(\x1b\[0m)? *\n *\n$`), string(got))
	}
	_, _, err := client.CaptureScreen(t.Context(), controlmode.ActivePane(99), controlmode.ScreenOptions{})
	require.ErrorIs(t, err, controlmode.ErrNotFound)
	require.NoError(t, client.Ping(t.Context()))
}

func TestCaptureScreenState(t *testing.T) {
	t.Parallel()
	client, target := newDrawing(t, `seq 20; printf '\033[?1049h\033[2;3H\033[?25l'`)
	_, state, err := client.CaptureScreen(t.Context(), target, controlmode.ScreenOptions{})
	require.NoError(t, err)
	require.Equal(t, controlmode.PaneState{Width: 10, Height: 5, CursorX: 2, CursorY: 1, CursorHidden: true, Alternate: true, HistorySize: 16}, state)
	_, err = client.Print(t.Context(), "copy-mode -t "+target.Session.String())
	require.NoError(t, err)
	_, state, err = client.CaptureScreen(t.Context(), target, controlmode.ScreenOptions{})
	require.NoError(t, err)
	require.Equal(t, "copy-mode", state.Mode)
}

// A program can print anything, and a joined capture can have any number of lines.
// Guards in it fool nobody, nor do numbers like a buffer's size.
func TestCaptureScreenOfALiar(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	client := connect(t, controlmode.ServerOptions{SocketName: socket})
	hostile, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: "liar", Width: 60, Height: 50, Command: []string{"sh", "-c", liar, "sh", "280"},
	})
	require.NoError(t, err)
	controltest.Tmux(t, socket, "wait-for", "lying")
	for i := range 200 {
		o := controlmode.ScreenOptions{Join: i%2 == 0, Escapes: i%3 == 0}
		screen, state, err := client.CaptureScreen(t.Context(), controlmode.ActivePane(hostile.Session), o)
		require.NoError(t, err)
		require.NoError(t, lies(string(screen), 50))
		require.Equal(t, 50, state.Height)
	}
}

func TestCaptureLinesJoined(t *testing.T) {
	t.Parallel()
	socket, client, target := newHistory(t, controlmode.ServerOptions{HistoryLimit: 20_000}, 30, `printf '%0200d\n' 7; tmux wait-for -S wide; read x; seq 3000; tmux wait-for -S more; exec cat`)
	controltest.Tmux(t, socket, "wait-for", "wide")
	all := controlmode.Lines{First: controlmode.HistoryStart, Last: controlmode.ScreenEnd, Join: true}
	got, pieces, err := captureLines(t.Context(), client, target, all)
	require.NoError(t, err)
	require.Equal(t, 1, pieces)
	require.Equal(t, numbers(1, 30)+fmt.Sprintf("%0200d\n", 7)+"\n", got)
	require.NoError(t, client.SendKeys(t.Context(), target, new(controlmode.Input).Keys("Enter")))
	controltest.Tmux(t, socket, "wait-for", "more")
	_, _, err = captureLines(t.Context(), client, target, all)
	require.ErrorIs(t, err, controlmode.ErrTooManyLines)
	got, _, err = captureLines(t.Context(), client, target, controlmode.Lines{Newest: 3, Join: true})
	require.NoError(t, err)
	require.Equal(t, "2999\n3000\n\n", got)
	got, _, err = captureLines(t.Context(), client, target, controlmode.Lines{Newest: 99_999})
	require.NoError(t, err)
	require.Equal(t, 30+4+1+3000, strings.Count(got, "\n"))
}

// Each piece of a styled history begins with its style, whatever the lines before it.
func TestCaptureLinesStyled(t *testing.T) {
	t.Parallel()
	const script = `BEGIN { for (i = 1; i <= 6000; i++) {
		if (i % 130 == 1) printf "\033[0;%d;%dm", 31 + i % 7, 1 + i % 4
		print i % 500 < 100 ? i : ""
	} }`
	socket, client, target := newHistory(t, controlmode.ServerOptions{HistoryLimit: 20_000}, 10, "awk '"+script+"'; tmux wait-for -S styled; exec cat")
	controltest.Tmux(t, socket, "wait-for", "styled")
	text, pieces, err := captureLines(t.Context(), client, target, controlmode.Lines{First: controlmode.HistoryStart, Last: controlmode.ScreenEnd, Escapes: true})
	require.NoError(t, err)
	require.Greater(t, pieces, 20)
	var style sgr
	numbered := 0
	for i, line := range strings.Split(text, "\n")[10:] {
		plain, shown := style.pass(line)
		if plain == "" {
			continue
		}
		numbered++
		n := i + 1
		require.Equal(t, fmt.Sprint(n), plain)
		set := n - (n-1)%130
		require.Equal(t, sgr{color: 31 + set%7, attribute: 1 + set%4}, shown, "line %d", n)
	}
	require.Equal(t, 1200, numbered)
}

// sgr is a style of one colour and one attribute.
type sgr struct{ color, attribute int }

var sgrForm = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// pass takes a line and returns its text, and the style of that.
func (s *sgr) pass(line string) (text string, shown sgr) {
	for line != "" {
		at := sgrForm.FindStringSubmatchIndex(line)
		if at == nil || at[0] > 0 {
			text, shown = line, *s
			if at != nil {
				text = line[:at[0]]
			}
		}
		if at == nil {
			break
		}
		for _, word := range strings.Split(line[at[2]:at[3]], ";") {
			switch n, _ := strconv.Atoi(word); {
			case n == 0:
				*s = sgr{}
			case n < 30:
				s.attribute = n
			case n < 40:
				s.color = n
			}
		}
		line = line[at[1]:]
	}
	return text, shown
}
