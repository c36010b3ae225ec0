package shellrun

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func TestShellOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file  string
		words string
		want  shell // empty: it is none
	}{
		{"/bin/bash", "bash", bash},
		{"/bin/bash", "-bash", bash},
		{"/bin/bash", "bash --rcfile x", bash},
		{"/usr/local/bin/bash-5.2", "sh", bash},
		{"/bin/bash (deleted)", "bash", bash},
		{"/usr/bin/zsh-5.9", "-zsh", zsh},
		{"/usr/bin/fish", "fish --no-config", fish},
		{"/bin/dash", "sh", dash},
		{"/bin/dash", "-sh -i +m", dash},
		{"/bin/dash", "sh script", ""},
		{"/bin/dash", "sh -c true", ""},
		{"/bin/dash", "sh -ctrue", ""},
		{"/bin/busybox", "busybox sh", busybox},
		{"/bin/busybox", "sh", busybox},
		{"/bin/busybox", "-ash", busybox},
		{"/bin/busybox", "/bin/busybox ash -i", busybox},
		{"/bin/busybox", "busybox sh script", ""},
		{"/bin/busybox", "busybox vi", ""},
		{"/bin/busybox", "busybox", ""},
		{"/bin/cat", "cat", ""},
		{"/bin/bashful", "bash", ""},
		{"/usr/bin/python3", "bash", ""},
		{"", "bash", ""},
	} {
		got, err := shellOf(test.file, strings.Fields(test.words))
		require.Equal(t, test.want, got, "%+v", test)
		if test.want == "" {
			require.ErrorIs(t, err, session.ErrNoShell)
		} else {
			require.NoError(t, err)
		}
	}
	_, err := shellOf("/bin/bash", nil)
	require.ErrorIs(t, err, session.ErrNoShell)
}

// hostileWords are words that a shell would change unless they were quoted.
var hostileWords = []string{
	"", "it's", `"q"`, "'", "''", `\`, `\'`, "$HOME", "`date`", "$(date)", "a  b", "*", "~", "!x", "a\nb", "-n", "a;b", "#", "żółć", "\xff", "(", "\t",
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	for _, sh := range []string{"dash", "bash", "zsh"} {
		for _, word := range hostileWords {
			out, err := exec.CommandContext(t.Context(), sh, "-c", "printf %s "+quoted(word)).CombinedOutput()
			require.NoError(t, err)
			require.Equal(t, word, string(out), sh)
		}
	}
	for _, word := range hostileWords {
		out, err := exec.CommandContext(t.Context(), "fish", "--no-config", "-c", "printf %s "+fishQuoted(word)).CombinedOutput()
		require.NoError(t, err)
		require.Equal(t, word, string(out), "fish")
	}
}

func TestEchoOf(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"echo hello":   "echo hello\n",
		"echo hello\n": "echo hello\n",
		"a\n\n":        "a\n\n",
		"a\tb\nc":      "a\tb\nc\n",
		"\x1b[31m\x7f": "^[[31m^?\n",
		"żółć":         "żółć\n",
		"":             "\n",
	} {
		require.Equal(t, want, echoOf(command))
	}
}

func TestScriptFolder(t *testing.T) {
	t.Setenv("TMPDIR", "/var/my tmp")
	for socket, want := range map[string]string{
		"/tmp/tmux-0/default": "/tmp/tmux-0",
		"/tmp/a b/default":    "/tmp",
		"/tmp/a'b/default":    "/tmp",
		"default":             "/tmp",
	} {
		require.Equal(t, want, scriptFolder(socket))
	}
	t.Setenv("TMPDIR", "/var/tmp")
	require.Equal(t, "/var/tmp", scriptFolder("/tmp/a b/default"))
}
