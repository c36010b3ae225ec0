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

// calling is a user's command line on a running service.
type calling struct {
	*server
	env []string
}

// calling gives a user by a token; "" is the one that the first start wrote.
func (v *server) calling(token string) *calling {
	return &calling{v, append(v.env[:len(v.env):len(v.env)], "INTERPLEXER_URL="+v.url, "INTERPLEXER_TOKEN="+token)}
}

func (c *calling) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), "interplexer", args...)
	cmd.Env = c.env
	return cmd
}

// input runs a command that reads stdin, and gives what it prints.
func (c *calling) input(stdin string, args ...string) string {
	c.t.Helper()
	cmd := c.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoErrorf(c.t, err, "interplexer %q: %s", args, stderr.String())
	return string(out)
}

func (c *calling) run(args ...string) string {
	c.t.Helper()
	return c.input("", args...)
}

// fails requires an exit status, and one line that says why.
func (c *calling) fails(status int, why string, args ...string) {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(c.t, err, &exit, "%s", out)
	require.Equal(c.t, status, exit.ExitCode(), "%s", out)
	require.Contains(c.t, string(out), why)
	require.Equal(c.t, 1, strings.Count(string(out), "\n"), "%s", out)
}

// shows captures until the trimmed screen is the text.
func (c *calling) shows(session, text string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.run("capture", "--trim", session) == text }, patience, tick, "%q", text)
}

func TestRemoteCommands(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		alice, bob := v.calling(s.newUser("alice")), v.calling(s.newUser("bob"))
		require.Equal(t, "ID  NAME  STATUS  SIZE  CREATED  LABELS  COMMAND\n", alice.run("ls"))
		require.Equal(t, "[]\n", alice.run("ls", "--json"))
		id := strings.TrimSpace(alice.run("new", "--name", "build", "--label", "team=web", "--env", "A=b c", "--width", "60", "--height", "5", "--key", "k",
			"sh", "-c", `stty -icanon -echo; head -c 3 | od -An -tx1; stty sane; echo "$A"; exec cat`))
		require.Regexp(t, `^[0-9]+$`, id)
		require.Contains(t, alice.run("ls"), id+"   build  running  60x5")
		require.Contains(t, alice.run("ls", "--status", "running,lost", "--label", "team=web"), "team=web")
		require.Equal(t, "[]\n", alice.run("ls", "--label", "team=db", "--json"))

		alice.input("\x00\xff\x1b", "send", "build")
		alice.shows(id, " 00 ff 1b\nb c\n")
		alice.run("send", id, "echo", "héllo")
		alice.run("send", "--text", id, "x")
		alice.run("send", "--keys", id, "y", "Enter")
		alice.run("send", "--hex", id, "7a 0d")
		alice.shows("build", "xy\nxy\nz\nz\n") // five lines, with the cursor's
		require.Equal(t, " 00 ff 1b\nb c\n", strings.Join(strings.SplitAfter(alice.run("capture", "--start", "-", id), "\n")[:2], ""))
		alice.input("pasted\n", "send", "--paste", id)
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
			why := "Not found"
			if args[1] == "build" {
				why = `there is no live session "build"`
			}
			bob.fails(exitNotFound, why, args...)
		}
		v.calling("ipx_wrong").fails(exitFailure, "Not authenticated", "ls")

		// The shell's completion asks for these.
		complete := alice.run("__complete", "show", "")
		require.Equal(t, id+"\tbuild, running\n:4\n", complete)
		require.Equal(t, ":4\n", alice.run("__complete", "show", id, ""))
		require.Contains(t, alice.run("__complete", "kill", id, ""), id+"\tbuild")
		require.Equal(t, ":4\n", v.calling("ipx_wrong").run("__complete", "show", ""))

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
	c := v.calling("") // the first token
	id := strings.TrimSpace(c.run("new", "cat"))
	cmd := c.command("watch", "--trim", "--json", id)
	out := &logBuffer{}
	cmd.Stdout = out
	require.NoError(t, cmd.Start())
	out.await(t, `{"text":"","etag":"\"`)
	c.run("send", id, "one")
	out.await(t, `"text":"one\none\n"`)
	c.run("send", "--keys", id, "C-d")
	require.NoError(t, cmd.Wait(), "the session's end is its own")
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

// Nobody but the machine's own service gets the first token.
func TestTokenOfTheFirstStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	c := v.calling("")
	require.Equal(t, "[]\n", c.run("ls", "--json"))
	c.fails(exitUsage, "box.example.org is another machine", "ls", "--url", "http://box.example.org")
	c.fails(exitUsage, "http://127.0.0.1:8420", "ls", "--url", "127.0.0.1:8420")
	c.fails(exitUsage, "there is no token in "+filepath.Join(s.tmp, tokenFile), "ls", "--data-dir", s.tmp)
	c.env = append(c.env, "INTERPLEXER_DATA_DIR="+s.tmp)
	require.Equal(t, "[]\n", c.run("ls", "--json", "--token", s.firstToken()))
}

func TestExitCodes(t *testing.T) {
	answer := func(status int) error { return &client.Error{Problem: client.Problem{Status: status}} }
	for err, code := range map[error]int{
		errors.New("x"): 1, answer(422): 1, answer(404): 3, answer(429): 4, answer(503): 4, client.ErrStopping: 4,
	} {
		require.Equal(t, code, exitCode(errors.Join(err)))
	}
}
