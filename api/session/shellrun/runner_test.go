package shellrun_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// runner is a user who runs commands.
type runner struct {
	*sessiontest.Service
	t    *testing.T
	user session.Principal
}

func startRunner(t *testing.T) runner {
	t.Helper()
	return newRunner(t, dbtest.Open(t, db.SQLite))
}

func newRunner(t *testing.T, store *db.Store) runner {
	t.Helper()
	s := sessiontest.Start(t, store, sessiontest.Options{})
	return runner{Service: s, t: t, user: s.User("alice", false)}
}

// startsShell creates a session with a shell, which need not read yet.
func (r runner) startsShell(sh sessiontest.Shell) int64 {
	r.t.Helper()
	return r.StartProgram(r.user, sh.Command...)
}

// Bounds of the runs of tests that set none.
const (
	runTime   = 30 * time.Second
	runOutput = 1 << 20
)

// tries runs a command in a shell.
func (r runner) tries(id int64, o session.RunOptions) (session.RunResult, error) {
	if o.Timeout == 0 {
		o.Timeout = runTime
	}
	if o.MaxOutput == 0 {
		o.MaxOutput = runOutput
	}
	return r.Runs.RunCommand(r.t.Context(), r.user, id, o)
}

// runs expects a command to end.
func (r runner) runs(id int64, command string) session.RunResult {
	r.t.Helper()
	res, err := r.tries(id, session.RunOptions{Command: command})
	require.NoError(r.t, err, command)
	return res
}

// begins starts a command that waits for something, and returns when it has begun.
func (r runner) begins(id int64, command string) session.RunResult {
	r.t.Helper()
	_, err := r.tries(id, session.RunOptions{Command: command, Timeout: time.Millisecond})
	seen := notOver(r.t, err)
	r.Eventually("it begins", func() bool {
		seen = r.soFar(seen)
		return seen.Duration > 0
	})
	return seen
}

// awaitProgram waits until a program is in the foreground of a session's only pane.
func (r runner) awaitProgram(id int64, name string) {
	r.t.Helper()
	r.Eventually(name+" is in the foreground", func() bool { return r.MustGet(r.user, id).Panes[0].CurrentCommand == name })
}

// soFar is a run that is not over, as it is now.
func (r runner) soFar(seen session.RunResult) session.RunResult {
	r.t.Helper()
	_, err := r.Runs.AwaitRun(r.t.Context(), r.user, seen.Session, seen.ID, 0)
	return notOver(r.t, err)
}

// printed waits until a run that is not over has printed something, and nothing else.
func (r runner) printed(seen session.RunResult, output string) {
	r.t.Helper()
	r.Eventually("it prints "+output, func() bool { return len(r.soFar(seen).Output) >= len(output) })
	require.Equal(r.t, output, string(r.soFar(seen).Output))
}

// awaits expects a run to end.
func (r runner) awaits(seen session.RunResult) session.RunResult {
	r.t.Helper()
	res, err := r.Runs.AwaitRun(r.t.Context(), r.user, seen.Session, seen.ID, runTime)
	require.NoError(r.t, err)
	require.Equal(r.t, seen.ID, res.ID)
	require.Equal(r.t, seen.Session, res.Session)
	return res
}

// notOver expects that a run is not over yet, and returns it as it is so far.
func notOver(t *testing.T, err error) session.RunResult {
	t.Helper()
	var late *session.RunTimeoutError
	require.ErrorAs(t, err, &late)
	require.ErrorIs(t, err, session.ErrRunTimeout)
	require.Nil(t, late.Seen.ExitCode)
	return late.Seen
}

// code is the exit code of a run, which must have one.
func code(t *testing.T, res session.RunResult) int {
	t.Helper()
	require.NotNil(t, res.ExitCode, "%+v", res)
	return *res.ExitCode
}
