package shellrun

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// Each part of a script is accepted by its shell, whatever the command is, and names
// only parts that come before it.
func TestScriptParts(t *testing.T) {
	t.Parallel()
	checks := map[shell][]string{
		bash: {"bash", "-n"}, zsh: {"zsh", "-f", "-n"}, dash: {"dash", "-n"}, busybox: {"busybox", "sh", "-n"}, fish: {"fish", "--no-config", "--no-execute"},
	}
	for sh, check := range checks {
		t.Run(string(sh), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, command := range append(hostileWords, "echo )", "if", "cat <<E\nx\nE", "'", "# nothing", "exit 3") {
				var paths []string
				m := newMarks(testNonce)
				for i, part := range shellParts(sh, command, m, "/report") {
					text := part(paths)
					path := filepath.Join(dir, fmt.Sprint("part", i))
					require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
					paths = append(paths, path)
					out, err := exec.CommandContext(t.Context(), check[0], append(check[1:], path)...).CombinedOutput()
					require.NoError(t, err, "%q: %s\n%s", command, out, text)
				}
				require.Regexp(t, `^\x15.* (\.|source) /x\r$`, sourcingLine(sh, "/x"))
			}
		})
	}
}

// The script of a program, without a terminal: it waits at the gate, reports, and
// ends with the program's exit code.
func TestProgramScript(t *testing.T) {
	t.Parallel()
	m := newMarks(testNonce)
	dir := t.TempDir()
	report, gate, stdin := filepath.Join(dir, "report"), filepath.Join(dir, "gate"), filepath.Join(dir, "stdin")
	require.NoError(t, os.WriteFile(gate, []byte("go\n"), 0o600))
	require.NoError(t, os.WriteFile(stdin, []byte("input\n"), 0o600))
	for _, test := range []struct {
		o     session.ExecOptions
		stdin string
		want  string
		code  int
	}{
		{session.ExecOptions{Command: "echo hello; exit 3"}, "", "hello\n", 3},
		{session.ExecOptions{Argv: append([]string{"printf", "%s|"}, hostileWords...)}, "", strings.Join(hostileWords, "|") + "|", 0},
		{session.ExecOptions{Argv: []string{"cat"}}, stdin, "input\n", 0},
		{session.ExecOptions{Command: "kill -TERM $$"}, "", "", 143},
	} {
		read, write, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(report))
		require.NoError(t, os.Symlink(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), write.Fd()), report))
		script := strings.ReplaceAll(programScript(test.o, m, report, gate, test.stdin), "/dev/tty", "/dev/stdout")
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
		var out []byte
		out, err = cmd.Output()
		if test.code == 0 {
			require.NoError(t, err)
		}
		require.Equal(t, test.code, cmd.ProcessState.ExitCode())
		require.Equal(t, m.begin+test.want+m.end, string(out))
		require.NoError(t, write.Close())
		reported, err := io.ReadAll(read)
		require.NoError(t, err)
		require.NoError(t, read.Close())
		require.Equal(t, fmt.Sprintf("begin\nend %d\n", test.code), string(reported))
	}
}
