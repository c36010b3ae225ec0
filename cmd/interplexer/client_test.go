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
		alice, bob, stranger := v.cliAs(s.newUser("alice")), v.cliAs(s.newUser("bob")), v.cliAs("ipx_wrong")
		require.Equal(t, "ID  NAME  STATUS  SIZE  CREATED  LABELS  COMMAND\n", alice.run("ls"))
		require.Equal(t, "[]\n", alice.run("ls", "--json"))
		id := strings.TrimSpace(alice.run("new", "--name", "build", "--label", "team=web", "--env", "A=b c", "--width", "60", "--height", "5", "--key", "k",
			"sh", "-c", `stty -icanon -echo; echo ready; head -c 3 | od -An -tx1; stty sane; echo "$A"; exec cat`))
		require.Regexp(t, `^[0-9]+$`, id)
		require.Contains(t, alice.run("ls"), id+"   build  running  60x5")
		require.Contains(t, alice.run("ls", "--status", "running,lost", "--label", "team=web"), "team=web")
		require.Equal(t, "[]\n", alice.run("ls", "--label", "team=db", "--json"))
		require.Contains(t, alice.run("show", id), "labels    team=web\n")
		shown := decode[client.Session](t, alice.run("show", "--json", "build"))
		require.Equal(t, [3]any{"build", 60, 1}, [3]any{shown.Name, shown.Width, len(shown.Panes)})
		alice.run("capture", "--pane", shown.Panes[0].ID, id)

		alice.typesExactly(id)
		alice.isRefused(bob, stranger, id)
		alice.completes(stranger, id)
		second := alice.capturesFormats()
		alice.run("kill", "build", second)
		require.Equal(t, "[]\n", alice.run("ls", "--json"))
		v.stop()
		alice.fails(exitUnavailable, "connection refused", "ls")
	})
}

// typesExactly types in every way of send, into the session that the name build
// and id stand for. It waits for each output of cat: the terminal would echo the
// next line before it.
func (c *userCLI) typesExactly(id string) {
	c.t.Helper()
	c.awaitCapture(id, "ready\n")
	c.runInput("\x00\xff\x1b", "send", "build")
	c.awaitCapture(id, "ready\n 00 ff 1b\nb c\n")
	c.run("send", id, "echo", "héllo")
	c.awaitCapture(id, " 00 ff 1b\nb c\necho héllo\necho héllo\n") // five lines, with the cursor's
	c.run("send", "--text", id, "x")
	c.run("send", "--keys", id, "y", "Enter")
	c.awaitCapture(id, "echo héllo\necho héllo\nxy\nxy\n")
	c.run("send", "--hex", id, "7a 0d")
	c.awaitCapture("build", "xy\nxy\nz\nz\n")
	require.True(c.t, strings.HasPrefix(c.run("capture", "--start", "-", id), "ready\n 00 ff 1b\nb c\n"), "the history")
	c.runInput("pasted\n", "send", "--paste", id)
	require.Eventually(c.t, func() bool { return strings.Contains(c.run("capture", "--json", id), `pasted\npasted\n`) }, patience, tick)
}

// isRefused makes the calls that fail: the owner's mistakes, and those of another
// user, who sees no session, and of somebody without a valid token.
func (c *userCLI) isRefused(other, stranger *userCLI, id string) {
	c.t.Helper()
	c.fails(exitFailure, "Name is taken", "new", "--name", "build")
	c.fails(exitFailure, "cwd: is not a folder", "new", "--cwd", "/nonexistent")
	c.fails(exitFailure, "Key of another request", "new", "--key", "k")
	c.fails(exitFailure, "label: must be name=value", "ls", "--label", "team")
	for _, args := range [][]string{{"show", id}, {"send", id, "x"}, {"capture", id}, {"watch", id}, {"attach", id}, {"kill", id}, {"kill", "999999"}} {
		other.fails(exitNotFound, "Not found", args...)
	}
	other.fails(exitNotFound, `there is no live session "build"`, "show", "build")
	stranger.fails(exitFailure, "Not authenticated", "ls")
}

// completes runs the commands with which the shell completes arguments.
func (c *userCLI) completes(stranger *userCLI, id string) {
	c.t.Helper()
	require.Equal(c.t, id+"\tbuild, running\n:4\n", c.run("__complete", "show", ""))
	require.Equal(c.t, ":4\n", c.run("__complete", "show", id, ""))
	require.Contains(c.t, c.run("__complete", "kill", id, ""), id+"\tbuild")
	require.Equal(c.t, ":4\n", stranger.run("__complete", "show", ""))
}

// capturesFormats captures an exited session in every format and returns its id.
func (c *userCLI) capturesFormats() (id string) {
	c.t.Helper()
	id = strings.TrimSpace(c.run("new", "--keep-after-exit", "sh", "-c", "seq -s, 40; read x; exit 4"))
	require.Eventually(c.t, func() bool { return strings.Contains(c.run("capture", id), ",40\n") }, patience, tick)
	c.run("send", "--keys", id, "Enter")
	require.Eventually(c.t, func() bool { return strings.Contains(c.run("show", "--json", id), `"exit_code": 4`) }, patience, tick)
	require.Contains(c.t, c.run("capture", "--format", "json", "--styles", id), `"lines":["1,2,3`)
	require.Contains(c.t, c.run("capture", "--format", "svg", id), "<svg")
	require.Contains(c.t, c.run("capture", "--format", "png", id), "\x89PNG")
	require.Contains(c.t, c.run("capture", "--join", id), ",40\n")
	require.Equal(c.t, 3, strings.Count(c.run("capture", "--lines", "3", "--format", "ansi", id), "\n"))
	c.fails(exitFailure, "format", "capture", "--format", "gif", id)
	return id
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
