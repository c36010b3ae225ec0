package controlmode_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// hostileNames are used for sessions, windows, titles, folders, options and variables
// alike.
func hostileNames() []string {
	guards := "a\n"
	for n := range 8 {
		guards += fmt.Sprintf("%%end %d %d 1\n", time.Now().Unix(), 300+n)
	}
	return []string{
		guards, "a\n%end 1 2 1\n", "%end 1 2 1", "\n", "\n\n%exit\n", "%begin 1 2 1\n%begin 1 3 1\n%sessions-changed\n", "a\r\n%error 1 2 1\r\n",
		"#(touch pwned)", "#{pid}#{E:pane_title}", "##[fg=red]#[x]#,", "$0", "@0", "%0", "=a", "-t", "--", "{last}", "~", "*", "a.b:c.d",
		"\x1b]2;x\x07\x1b[31m", "\x1bPx\x1b\\", "tab\tbell\abs\b", "\x7f", "\xff\xc3\xed\xa0\x80", "é漢👍🏽\u0301\u200d\u2028\u202e", "\\n\\012\\\\ \\$", "\"'`$(x)${HOME}", "; kill-server", "%H:%M %% %d",
		" 0 0 ", "12 34", strings.Repeat("n", 200),
	}
}

// renamer writes down its argument, and then gives that as a name to everything that
// a program can name. It escapes text that tmux would expand: the test must not run
// the attack itself.
const renamer = `printf '%s\0' "$PWD" "$HOSTILE" "$0" >"$2"
printf '\033k%s\033\\' "$0"
printf '\033]2;%s\033\\' "$0"
tmux rename-window -- "$1" \; set-option -- @own "$0" \; set-environment OWN "$0" \; wait-for -S named; exec sleep 2147483647`

// Whatever the names are, every list and every answer is the one that plain tmux
// gives, and other callers get their own answers.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	client := server.On(id)
	others := startCallers(t, client, 2)
	for _, text := range hostileNames() {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			pane := hostilePane(t, client, text)
			controltest.Tmux(t, socket, "wait-for", "named")
			requirePrintedAsIs(t, socket, client, pane)
			requireRenames(t, socket, client, pane, text)
			require.NoError(t, client.KillSession(t.Context(), pane.Session))
		})
	}
	_, err = others.stop()
	require.NoError(t, err)
	require.Equal(t, 1, server.Connects())
}

// hostilePane runs the renamer in a session, in a folder and with a variable that
// have the text as name or value. All of these must reach the program unchanged.
func hostilePane(t *testing.T, client controlmode.Client, text string) controlmode.PaneInfo {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "in "+strings.ReplaceAll(text, "/", "_"))
	require.NoError(t, os.Mkdir(dir, 0o700))
	file := filepath.Join(t.TempDir(), "given")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: text, Width: 80, Height: 24, Dir: dir, Env: map[string]string{"HOSTILE": text},
		Command: []string{"sh", "-c", renamer, text, controlmode.EscapeFormat(text), file},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		given, err := os.ReadFile(file)
		return err == nil && string(given) == dir+"\x00"+text+"\x00"+text+"\x00"
	}, 10*time.Second, 5*time.Millisecond, "not in its folder, or without its variable")
	return pane
}

// requirePrintedAsIs: the names that a command prints, and so the texts of the lists,
// reach us as they reach an ordinary client.
func requirePrintedAsIs(t *testing.T, socket string, client controlmode.Client, pane controlmode.PaneInfo) {
	t.Helper()
	s := pane.Session.String() + ":"
	commands := [][]string{
		{"display-message", "-p", "-t", s, "#{session_name}|#{window_name}|#{pane_title}|#{pane_current_path}|#{@own}"},
		{"list-windows", "-t", s, "-F", "#{window_name}|#{pane_title}|#{@own}"},
		{"list-sessions"},
		{"show-options", "-v", "-t", s, "@own"},
		{"show-environment", "-t", s, "OWN"},
	}
	var line []string
	for _, command := range commands {
		line = append(append(line, command...), ";")
	}
	for {
		before := controltest.Tmux(t, socket, line...)
		var ours string
		for _, command := range commands {
			printed, err := client.Print(t.Context(), quotedLine(t, command))
			require.NoError(t, err)
			ours += printed
		}
		if before == controltest.Tmux(t, socket, line...) { // the title may be on its way
			require.Equal(t, before, ours)
			return
		}
	}
}

// quotedLine is a command with its arguments.
func quotedLine(t *testing.T, command []string) string {
	t.Helper()
	line := command[0]
	for _, word := range command[1:] {
		quoted, err := controlmode.Quote(word)
		require.NoError(t, err)
		line += " " + quoted
	}
	return line
}

// requireRenames: a session is listed under the name that tmux made of the given one,
// which no other can have, under that name and the next.
func requireRenames(t *testing.T, socket string, client controlmode.Client, pane controlmode.PaneInfo, text string) {
	t.Helper()
	other, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{Name: "other", Width: 9, Height: 2, Command: []string{"cat"}})
	require.NoError(t, err)
	for _, name := range []string{text, "renamed " + text} {
		require.NoError(t, client.RenameSession(t.Context(), pane.Session, name))
		_, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{Name: name, Width: 9, Height: 2, Command: []string{"cat"}})
		require.ErrorIs(t, err, controlmode.ErrDuplicate)
		require.ErrorIs(t, client.RenameSession(t.Context(), other.Session, name), controlmode.ErrDuplicate)
		stored := controltest.Tmux(t, socket, "display-message", "-p", "-t", pane.Session.String()+":", "#{session_name}")
		requireListed(t, client, pane, strings.TrimSuffix(stored, "\n"))
	}
	require.NoError(t, client.KillSession(t.Context(), other.Session))
}
