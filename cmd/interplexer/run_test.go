package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRunAndWaitCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	c := v.cliAs("")
	id := strings.TrimSpace(c.run("new", "--name", "shell", "bash", "--norc"))
	require.Contains(t, c.run("wait", "--text", `[$#] $`, "shell"), "bash")
	require.Equal(t, "a b\n", c.run("run", id, "echo", "a b"))
	require.Contains(t, c.run("run", "--json", id, "true"), `"exit_code": 0`)

	out, err := c.command("run", id, `printf '\377\000'; (exit 7)`).Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 7, exit.ExitCode())
	require.Empty(t, string(exit.Stderr))
	require.Equal(t, "\xff\x00", string(out))

	c.fails(exitTimeout, "Not over yet", "run", "--timeout", "100ms", id, "read line")
	c.fails(exitFailure, "A command is running", "run", id, "echo")
	require.Contains(t, c.run("wait", "--send", "go on", "--text", `[$#] $`, "--json", id), `"condition": "text"`)
	c.fails(exitTimeout, "Time is up", "wait", "--text", "never", "--timeout", "100ms", id)
	c.fails(exitUsage, "text quiet exit", "wait", id)
	c.fails(exitNotFound, "Not found", "run", "9999", "true")
	c.run("wait", "--send", "exit", "--exit", id)

	require.Equal(t, "/\n", c.run("exec", "--cwd", "/", "--env", "A=b c", "pwd"))
	require.Equal(t, "b c\n", c.run("exec", "--env", "A=b c", "sh", "-c", `echo "$A"`))
	require.Equal(t, "6\n", c.runInput("héllo", "exec", "--stdin", "wc", "-c"))
	require.Contains(t, c.run("exec", "--json", "true"), `"exit_code": 0`)
	require.Equal(t, c.run("exec", "--key", "k", "date", "+%N"), c.run("exec", "--key", "k", "date", "+%N"))
	c.fails(5, "", "exec", "sh", "-c", "echo; exit 5") // of which the one line is
	c.fails(exitTimeout, "Not over yet", "exec", "--timeout", "100ms", "cat")
	c.fails(exitUsage, "--env is", "exec", "--env", "A", "true")
	c.fails(exitFailure, "cwd: is not a folder", "exec", "--cwd", "/nonexistent", "true")
	v.stop()
}
