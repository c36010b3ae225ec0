package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/client"
)

// userCLI runs commands of one user on a running service.
type userCLI struct {
	*server
	env []string
}

// cliAs returns the command line of the user with that token; "" is the token
// that the first start wrote.
func (v *server) cliAs(token string) *userCLI {
	return &userCLI{v, append(v.env[:len(v.env):len(v.env)], "INTERPLEXER_URL="+v.url, "INTERPLEXER_TOKEN="+token)}
}

func (c *userCLI) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), "interplexer", args...)
	cmd.Env = c.env
	return cmd
}

// runInput runs a command with that standard input and returns its output.
func (c *userCLI) runInput(stdin string, args ...string) string {
	c.t.Helper()
	cmd := c.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoErrorf(c.t, err, "interplexer %q: %s", args, stderr.String())
	return string(out)
}

func (c *userCLI) run(args ...string) string {
	c.t.Helper()
	return c.runInput("", args...)
}

// fails runs a command and requires its exit status, and one line of output that
// contains reason.
func (c *userCLI) fails(status int, reason string, args ...string) {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(c.t, err, &exit, "%s", out)
	require.Equal(c.t, status, exit.ExitCode(), "%s", out)
	require.Contains(c.t, string(out), reason)
	require.Equal(c.t, 1, strings.Count(string(out), "\n"), "%s", out)
}

// awaitCapture waits until the trimmed screen is the text.
func (c *userCLI) awaitCapture(session, text string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.run("capture", "--trim", session) == text }, patience, tick, "%q", text)
}

func TestClientCommands(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		alice, bob := v.cliAs(s.newUser("alice")), v.cliAs(s.newUser("bob"))
		require.Equal(t, "ID  NAME  STATUS  SIZE  CREATED  LABELS  COMMAND\n", alice.run("ls"))
		require.Equal(t, "[]\n", alice.run("ls", "--json"))
		id := strings.TrimSpace(alice.run("new", "--name", "build", "--label", "team=web", "--env", "A=b c", "--width", "60", "--height", "5", "--key", "k",
			"sh", "-c", `stty -icanon -echo; head -c 3 | od -An -tx1; stty sane; echo "$A"; exec cat`))
		require.Regexp(t, `^[0-9]+$`, id)
		require.Contains(t, alice.run("ls"), id+"   build  running  60x5")
		require.Contains(t, alice.run("ls", "--status", "running,lost", "--label", "team=web"), "team=web")
		require.Equal(t, "[]\n", alice.run("ls", "--label", "team=db", "--json"))

		alice.runInput("\x00\xff\x1b", "send", "build")
		alice.awaitCapture(id, " 00 ff 1b\nb c\n")
		// Each line waits for cat: the terminal would echo the next one before its output.
		alice.run("send", id, "echo", "héllo")
		alice.awaitCapture(id, " 00 ff 1b\nb c\necho héllo\necho héllo\n")
		alice.run("send", "--text", id, "x")
		alice.run("send", "--keys", id, "y", "Enter")
		alice.awaitCapture(id, "echo héllo\necho héllo\nxy\nxy\n") // five lines, with the cursor's
		alice.run("send", "--hex", id, "7a 0d")
		alice.awaitCapture("build", "xy\nxy\nz\nz\n")
		require.Equal(t, " 00 ff 1b\nb c\n", strings.Join(strings.SplitAfter(alice.run("capture", "--start", "-", id), "\n")[:2], ""))
		alice.runInput("pasted\n", "send", "--paste", id)
		require.Eventually(t, func() bool { return strings.Contains(alice.run("capture", "--json", id), `pasted\npasted\n`) }, patience, tick)

		require.Contains(t, alice.run("show", id), "labels    team=web\n")
		shown := decode[client.Session](t, alice.run("show", "--json", "build"))
		require.Equal(t, [3]any{"build", 60, 1}, [3]any{shown.Name, shown.Width, len(shown.Panes)})
		alice.run("capture", "--pane", shown.Panes[0].ID, id)

		alice.fails(exitFailure, "Name is taken", "new", "--name", "build")
		alice.fails(exitFailure, "cwd: is not a folder", "new", "--cwd", "/nonexistent")
		alice.fails(exitFailure, "Key of another request", "new", "--key", "k")
		alice.fails(exitFailure, "label: must be name=value", "ls", "--label", "team")
		for _, args := range [][]string{{"show", id}, {"send", id, "x"}, {"capture", id}, {"watch", id}, {"attach", id}, {"kill", id}, {"show", "build"}, {"kill", "999999"}} {
			reason := "Not found"
			if args[1] == "build" {
				reason = `there is no live session "build"`
			}
			bob.fails(exitNotFound, reason, args...)
		}
		v.cliAs("ipx_wrong").fails(exitFailure, "Not authenticated", "ls")

		// The completion of the shell runs these.
		complete := alice.run("__complete", "show", "")
		require.Equal(t, id+"\tbuild, running\n:4\n", complete)
		require.Equal(t, ":4\n", alice.run("__complete", "show", id, ""))
		require.Contains(t, alice.run("__complete", "kill", id, ""), id+"\tbuild")
		require.Equal(t, ":4\n", v.cliAs("ipx_wrong").run("__complete", "show", ""))

		second := strings.TrimSpace(alice.run("new", "--keep-after-exit", "sh", "-c", "seq -s, 40; read x; exit 4"))
		require.Eventually(t, func() bool { return strings.Contains(alice.run("capture", second), ",40\n") }, patience, tick)
		alice.run("send", "--keys", second, "Enter")
		require.Eventually(t, func() bool { return strings.Contains(alice.run("show", "--json", second), `"exit_code": 4`) }, patience, tick)
		require.Contains(t, alice.run("capture", "--format", "json", "--styles", second), `"lines":["1,2,3`)
		require.Contains(t, alice.run("capture", "--format", "svg", second), "<svg")
		require.Contains(t, alice.run("capture", "--format", "png", second), "\x89PNG")
		require.Contains(t, alice.run("capture", "--join", second), ",40\n")
		require.Equal(t, 3, strings.Count(alice.run("capture", "--lines", "3", "--format", "ansi", second), "\n"))
		alice.fails(exitFailure, "format", "capture", "--format", "gif", second)
		alice.run("kill", "build", second)
		require.Equal(t, "[]\n", alice.run("ls", "--json"))
		v.stop()
		alice.fails(exitUnavailable, "connection refused", "ls")
	})
}

func TestWatchCommand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	c := v.cliAs("") // the first token
	id := strings.TrimSpace(c.run("new", "cat"))
	cmd := c.command("watch", "--trim", "--json", id)
	out := &logBuffer{}
	cmd.Stdout = out
	require.NoError(t, cmd.Start())
	out.await(t, `{"text":"","etag":"\"`)
	c.run("send", id, "one")
	out.await(t, `"text":"one\none\n"`)
	c.run("send", "--keys", id, "C-d")
	require.NoError(t, cmd.Wait(), "watch ends with the session")
	c.run("kill", id)

	id = strings.TrimSpace(c.run("new", "sh", "-c", "echo hello; read x"))
	cmd = c.command("watch", id)
	out = &logBuffer{}
	cmd.Stdout = out
	require.NoError(t, cmd.Start())
	out.await(t, "hello\n"+strings.Repeat("\n", 23)+"\f\n")
	v.stop()
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	require.Equal(t, exitUnavailable, exit.ExitCode())
}

// The client sends the first token only to a service on this machine.
func TestTokenOfTheFirstStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	c := v.cliAs("")
	require.Equal(t, "[]\n", c.run("ls", "--json"))
	c.fails(exitUsage, "box.example.org is another machine", "ls", "--url", "http://box.example.org")
	c.fails(exitUsage, "http://127.0.0.1:8420", "ls", "--url", "127.0.0.1:8420")
	c.fails(exitUsage, "there is no token in "+filepath.Join(s.tmp, tokenFile), "ls", "--data-dir", s.tmp)
	c.env = append(c.env, "INTERPLEXER_DATA_DIR="+s.tmp)
	require.Equal(t, "[]\n", c.run("ls", "--json", "--token", s.firstToken()))
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	refused := func(status int) error { return &client.Error{Problem: client.Problem{Status: status}} }
	for err, code := range map[error]int{
		errors.New("x"): 1, refused(422): 1, refused(404): 3, refused(429): 4, refused(503): 4, client.ErrStopping: 4,
	} {
		require.Equal(t, code, exitCode(errors.Join(err)))
	}
}
