package shellrun_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/api/session/shellrun"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// execs runs a program in a session of its own.
func (r runner) execs(o session.ExecOptions) (session.RunResult, error) {
	if o.Timeout == 0 {
		o.Timeout = runTime
	}
	if o.MaxOutput == 0 {
		o.MaxOutput = runOutput
	}
	return r.Runs.Exec(r.t.Context(), r.user, o)
}

// execGoesOn starts a program that waits for something.
func (r runner) execGoesOn(o session.ExecOptions) session.RunResult {
	r.t.Helper()
	o.Timeout = time.Millisecond
	_, err := r.execs(o)
	return notOver(r.t, err)
}

// hasNoSessions waits until the user has none.
func (r runner) hasNoSessions() {
	r.t.Helper()
	r.Eventually("the session is gone", func() bool {
		list, err := r.List(r.t.Context(), r.user)
		require.NoError(r.t, err)
		return len(list) == 0
	})
}

func TestExec(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		r := newRunner(t, open())
		stdin := func(text string) *string { return &text }
		for _, test := range []struct {
			o      session.ExecOptions
			output string
			code   int
		}{
			{session.ExecOptions{Argv: []string{"printf", "%s|", "it's", `"q"`, "$HOME", ""}}, `it's|"q"|$HOME||`, 0},
			{session.ExecOptions{Command: "pwd; exit 3", Cwd: "/usr/lib"}, "/usr/lib\n", 3},
			{session.ExecOptions{Command: "set -e; echo $GREETING; false; echo never", Env: map[string]string{"GREETING": "żółć"}}, "żółć\n", 1},
			{session.ExecOptions{Argv: []string{"sort"}, Stdin: stdin("b\na\n")}, "a\nb\n", 0},
			{session.ExecOptions{Argv: []string{"sha1sum"}, Stdin: stdin(strings.Repeat("x", session.MaxExecInput))}, "e37f4d5be56713044d62525e406d250a722647d6  -\n", 0},
			{session.ExecOptions{Command: "cat; tty >/dev/null || echo no terminal", Stdin: stdin("")}, "no terminal\n", 0},
			{session.ExecOptions{Command: "test -t 0 && test -t 1 && echo a terminal"}, "a terminal\n", 0},
			{session.ExecOptions{Command: "env | grep -c -i interplexer; set | grep -c __interplexer"}, "0\n0\n", 1},
			{session.ExecOptions{Command: "head -c 3000000 /dev/zero | tr '\\0' x", MaxOutput: 3}, "xxx", 0},
		} {
			res, err := r.execs(test.o)
			require.NoError(t, err)
			require.Equal(t, test.code, code(t, res), "%s", res.Output)
			require.Equal(t, test.output, string(res.Output))
			require.Equal(t, test.output == "xxx", res.Truncated)
			require.False(t, res.ShellEnded)
		}
		res, err := r.execs(session.ExecOptions{Argv: []string{"nosuchprogram-1"}})
		require.NoError(t, err)
		require.Equal(t, 127, code(t, res))
		require.Contains(t, string(res.Output), "nosuchprogram-1")
		r.hasNoSessions()
	})
}

// The screen of an exec's session shows the program's output and nothing else, from
// the first moment on: there is no prompt, and nothing is typed.
func TestExecShowsOnlyItsProgram(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	seen := r.execGoesOn(session.ExecOptions{Command: `printf first; read line; echo "got $line"; read line`})
	shown := func(until string, parts ...string) {
		t.Helper()
		r.Eventually("it shows "+until, func() bool {
			screen := r.ScreenText(r.user, seen.Session)
			require.Contains(t, append(parts, until), screen)
			return screen == until
		})
	}
	shown("first\n", "")
	r.TypeLine(r.user, seen.Session, "x")
	shown("firstx\ngot x\n", "first\n", "firstx\n")
	history := r.RunTmux("capture-pane", "-p", "-S", "-", "-t", r.MustGet(r.user, seen.Session).Panes[0].ID)
	require.Equal(t, "firstx\ngot x\n", strings.TrimRight(history, "\n")+"\n")
	r.TypeLine(r.user, seen.Session, "")
	require.Equal(t, "firstx\ngot x\n\n", string(r.awaits(seen).Output))
	r.hasNoSessions()
}

// The settings of an interactive shell have no part in an exec, nor the time that
// such a shell would take to start.
func TestExecReadsNoStartupFile(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	startup := filepath.Join(t.TempDir(), "startup")
	require.NoError(t, os.WriteFile(startup, []byte("echo noise\nPS1='noise> '\nread never\n"), 0o600))
	for _, o := range []session.ExecOptions{{Command: "echo output"}, {Argv: []string{"echo", "output"}}} {
		o.Env = map[string]string{"ENV": startup, "BASH_ENV": startup, "PS1": "noise> ", "PS4": "noise", "PROMPT_COMMAND": "echo noise"}
		res, err := r.execs(o)
		require.NoError(t, err)
		require.Equal(t, "output\n", string(res.Output))
		require.Zero(t, code(t, res))
	}
}

// An interrupt that is typed into an exec's session ends the program, and not the
// script that reports its end.
func TestExecIsInterrupted(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	for key, want := range map[string]int{"C-c": 130, `C-\`: 131} {
		seen := r.execGoesOn(session.ExecOptions{Argv: []string{"sh", "-c", "ulimit -c 0; echo ready; exec sleep 1000"}})
		r.printed(seen, "ready\n")
		r.TypeKeys(r.user, seen.Session, key)
		res := r.awaits(seen)
		require.Equal(t, want, code(t, res))
		require.Contains(t, string(res.Output), "ready\n^")
		require.False(t, res.ShellEnded)
	}
	r.hasNoSessions()
}

// A program that kills the script has no exit code that anybody could know.
func TestExecKillsItsShell(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	res, err := r.execs(session.ExecOptions{Command: "echo before; kill -9 $PPID"})
	require.NoError(t, err)
	require.Nil(t, res.ExitCode)
	require.True(t, res.ShellEnded)
	if !res.Truncated { // tmux drops output that it has not reported when the pane ends
		require.Equal(t, "before\n", string(res.Output))
	}
	r.hasNoSessions()
}

// The owner may end an exec's session at any time. How it ended is remembered, though
// the session is gone.
func TestExecWhoseSessionIsEnded(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	seen := r.execGoesOn(session.ExecOptions{Command: "echo ready; exec sleep 1000"})
	r.printed(seen, "ready\n")
	r.MustEnd(r.user, seen.Session)
	res := r.awaits(seen)
	require.Nil(t, res.ExitCode)
	require.True(t, res.ShellEnded)
	require.Equal(t, res, r.awaits(seen))
	r.hasNoSessions()
}

// A program that is not over in time goes on, and reads what is typed into its
// session. Nobody else finds it.
func TestExecGoesOn(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	seen := r.execGoesOn(session.ExecOptions{Command: "echo first; read line; echo $line; exit 7"})
	r.printed(seen, "first\n")
	bob := r.User("bob", false)
	r.runIsUnknown(bob, seen.Session, seen.ID)
	list, err := r.List(t.Context(), r.user)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, seen.Session, list[0].ID)
	r.TypeLine(r.user, seen.Session, "typed")
	res := r.awaits(seen)
	require.Equal(t, 7, code(t, res))
	require.Equal(t, "first\ntyped\ntyped\n", string(res.Output))
	r.hasNoSessions()
	require.Equal(t, res, r.awaits(seen), "it is remembered")
	r.runIsUnknown(bob, seen.Session, seen.ID)
}

// An exec's pane has a run, so that it takes no other.
func TestExecTakesNoRun(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	seen := r.execGoesOn(session.ExecOptions{Command: "echo ready; exec bash --norc --noprofile"})
	r.AwaitText(r.user, seen.Session, "ready")
	_, err := r.tries(seen.Session, session.RunOptions{Command: "echo typed"})
	var running *session.RunningError
	require.ErrorAs(t, err, &running)
	require.ErrorIs(t, err, session.ErrRunning)
	require.Equal(t, session.RunningError{Session: seen.Session, Run: seen.ID}, *running)
	require.NotContains(t, r.ScreenText(r.user, seen.Session), "typed")
	r.TypeLine(r.user, seen.Session, "exit 5")
	require.Equal(t, 5, code(t, r.awaits(seen)))
}

// When the service stops, the callers hear of it, and the program goes on. The script
// does not stay behind once its program has ended, nor does a file. (It looks at the
// files of all runs of this process, and so does not run in parallel.)
func TestExecOutlivesTheRunner(t *testing.T) {
	r := startRunner(t)
	stopping := shellrun.New(r.Registry, shellrun.Options{})
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- stopping.Run(ctx) }()
	failed := make(chan error, 1)
	go func() {
		_, err := stopping.Exec(t.Context(), r.user, session.ExecOptions{Command: "echo ready; read line; exit 3", Timeout: runTime, MaxOutput: runOutput})
		failed <- err
	}()
	var id int64
	r.Eventually("it has a session", func() bool {
		list, err := r.List(t.Context(), r.user)
		require.NoError(t, err)
		for _, made := range list {
			id = made.ID
		}
		return len(list) > 0 && list[0].Status == session.Running
	})
	r.AwaitScreen(r.user, id, "ready\n")
	pid := r.MustGet(r.user, id).Panes[0].PID
	stop()
	require.ErrorIs(t, <-stopped, context.Canceled)
	require.ErrorIs(t, <-failed, session.ErrUnavailable)

	require.Equal(t, session.Running, r.MustGet(r.user, id).Status)
	require.Equal(t, "ready\n", r.ScreenText(r.user, id))
	r.TypeLine(r.user, id, "typed")
	r.AwaitStatus(r.user, id, session.Exited)
	r.Eventually("the script has ended", func() bool {
		_, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
		return err != nil
	})
	require.Empty(t, r.files())

	_, err := stopping.Exec(t.Context(), r.user, session.ExecOptions{Command: "true", Timeout: runTime})
	require.ErrorIs(t, err, session.ErrUnavailable)
}

// An exec fails as the creation of a session does, and then leaves no files.
func TestExecWithoutASession(t *testing.T) {
	s := sessiontest.Start(t, dbtest.Open(t, db.SQLite), sessiontest.Options{Registry: registry.Options{Quota: 1}})
	r := runner{Service: s, t: t, user: s.User("alice", false)}
	r.StartProgram(r.user, "cat")
	_, err := r.execs(session.ExecOptions{Command: "true", Stdin: new(string)})
	require.ErrorIs(t, err, session.ErrQuota)
	var bad *session.InvalidError
	_, err = r.execs(session.ExecOptions{Command: "true", Cwd: "relative"})
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "cwd", bad.Fields[0].Field)
	require.Empty(t, r.files())
}
