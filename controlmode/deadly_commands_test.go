package controlmode_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// deadlyCommands kill or wedge the tmux server, or never return and so stop all later
// commands, or answer with more than one block. Their aliases are here, too.
var deadlyCommands = []string{
	"select-window", "selectw", "next-window", "next", "previous-window", "prev", "last-window", "last",
	"respawn-pane", "respawnp", "respawn-window", "respawnw", "select-layout", "selectl",
	"display-popup", "popup", "display-menu", "menu", "display-panes", "displayp",
	"command-prompt", "confirm-before", "confirm", "wait-for", "wait", "kill-server",
	"if-shell", "if", "run-shell", "run", "source-file", "source",
}

// harmless are those of them that we do send, with the file that sends them.
// select-window is never in one line with kill-session (issue 5243). select-layout
// only gets a layout's name, as Layout has no other values. RespawnPane says how
// respawn-pane is sent.
var harmless = map[string]string{"select-window": "windows.go", "select-layout": "windows.go", "respawn-pane": "panes.go"}

// commandsOf returns the names of the commands in the strings of a source file: the
// first word of each string, and the first word after each semicolon.
func commandsOf(t *testing.T, file string, source any) map[string]bool {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, source, 0)
	require.NoError(t, err)
	names := map[string]bool{}
	ast.Inspect(tree, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		for command := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
			if words := strings.Fields(command); len(words) > 0 {
				names[words[0]] = true
			}
		}
		return true
	})
	return names
}

// A command that we never send cannot kill tmux. Texts of users never become commands
// (see wire.AppendQuoted).
func TestNoDeadlyCommands(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	inside, err := filepath.Glob("internal/*/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, inside)
	files = append(files, inside...)
	all := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		names := commandsOf(t, file, nil)
		for _, deadly := range deadlyCommands {
			require.False(t, names[deadly] && harmless[deadly] != file, "%s: %s", file, deadly)
		}
		for name := range names {
			all[name] = true
		}
	}
	// The test sees the commands that we do send, and would see a deadly one.
	for _, sent := range []string{"new-session", "kill-session", "capturep", "link-window", "send-keys", "paste-buffer"} {
		require.True(t, all[sent], sent)
	}
	require.True(t, commandsOf(t, "naive.go", "package naive\nvar c = \"kill-session ; kill-server\"\n")["kill-server"])
	// The names are tmux's.
	out, err := exec.Command("tmux", "-L", "none", "list-commands", "-F", "#{command_list_name} #{command_list_alias}").Output()
	require.NoError(t, err)
	for _, deadly := range deadlyCommands {
		require.Contains(t, strings.Fields(string(out)), deadly)
	}
}
