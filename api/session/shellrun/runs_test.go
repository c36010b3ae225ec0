package shellrun

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// A testRunner has no sessions, and a clock of its own.
type testRunner struct {
	*Runner
	t   *testing.T
	now time.Time
}

func newTestRunner(t *testing.T) *testRunner {
	t.Helper()
	r := &testRunner{t: t, now: time.Unix(1_000_000, 0)}
	r.Runner = New(nil, Options{Now: func() time.Time { return r.now }})
	return r
}

// adds begins a run, which must be allowed.
func (r *testRunner) adds(id int64, pane controlmode.PaneID) *run {
	r.t.Helper()
	x := r.newRun(session.Principal{UserID: 1}, id, pane, newMarks(testNonce), 64<<20)
	require.NoError(r.t, r.runs.add(x, r.now))
	return x
}

// ends ends a run that has printed so many bytes.
func (r *testRunner) ends(x *run, printed int) {
	m := newMarks(testNonce)
	require.False(r.t, x.handleReport("begin"))
	x.recorder.Write([]byte(m.begin + strings.Repeat("x", printed) + m.end))
	require.True(r.t, x.handleReport("end 0"))
	close(x.over)
}

func (r *testRunner) knows(x *run) bool { return r.runs.find(x.session, x.id, r.now) == x }

// A pane has at most one run that is not over.
func TestRunsOfAPane(t *testing.T) {
	t.Parallel()
	r := newTestRunner(t)
	x := r.adds(1, 5)
	r.adds(1, 6)
	r.adds(2, 5)
	another := r.newRun(session.Principal{UserID: 1}, 1, 5, newMarks(testNonce), 0)
	var running *session.RunningError
	require.ErrorAs(t, r.runs.add(another, r.now), &running)
	require.Equal(t, session.RunningError{Session: 1, Run: x.id}, *running)
	r.ends(x, 1)
	require.NoError(t, r.runs.add(another, r.now))
	r.runs.drop(another)
	require.False(t, r.knows(another))
	r.adds(1, 5)
	require.Nil(t, r.runs.find(2, x.id, r.now), "it is another session's")
}

// Runs that are over are remembered for ten minutes, and those that are not, for as
// long as they take.
func TestRunsAreRememberedForAWhile(t *testing.T) {
	t.Parallel()
	r := newTestRunner(t)
	over, goesOn := r.adds(1, 1), r.adds(1, 2)
	r.ends(over, 1)
	r.now = r.now.Add(keptFor)
	require.True(t, r.knows(over))
	r.now = r.now.Add(1)
	require.False(t, r.knows(over))
	require.True(t, r.knows(goesOn))
}

// Of the runs that are over, those are remembered whose output fits: the last ones.
func TestRunsAreRememberedWhileTheyFit(t *testing.T) {
	t.Parallel()
	r := newTestRunner(t)
	var all []*run
	for pane := range 5 {
		x := r.adds(1, controlmode.PaneID(pane))
		r.ends(x, keptBytes/4)
		all = append(all, x)
	}
	require.False(t, r.knows(all[0]))
	for _, x := range all[1:] {
		require.True(t, r.knows(x))
	}
}

// The runs of a session that was deleted are forgotten, except the one that it was
// made for.
func TestForget(t *testing.T) {
	t.Parallel()
	r := newTestRunner(t)
	x, other, exec := r.adds(1, 1), r.adds(2, 2), r.adds(3, 3)
	exec.ownSession = true
	for _, id := range []int64{1, 3} {
		r.Forget(id)
	}
	require.False(t, r.knows(x))
	require.True(t, r.knows(other))
	require.True(t, r.knows(exec))
}

// The reports of a shell begin and end a run; other lines are somebody else's.
func TestHandleReport(t *testing.T) {
	t.Parallel()
	r := newTestRunner(t)
	x := r.adds(1, 1)
	m := newMarks(testNonce)
	x.recorder.Write([]byte(m.begin + "hello" + m.end))
	for _, line := range []string{"", "begins", "end", "end x", "end 1 2", "ended 1"} {
		require.False(t, x.handleReport(line), line)
	}
	require.False(t, x.hasBegun())
	require.Zero(t, x.result().Duration)
	require.False(t, x.handleReport("begin"))
	r.now = r.now.Add(time.Second)
	require.Equal(t, time.Second, x.result().Duration)
	require.True(t, x.handleReport("end 3"))
	r.now = r.now.Add(time.Minute)
	code := 3
	require.Equal(t, session.RunResult{
		ID: x.id, Session: 1, Output: []byte("hello"), Duration: time.Second, ExitCode: &code,
	}, x.result())
}

// A run that is waited for without time is told as it is, or as it ended.
func TestAwaitRunWithoutTime(t *testing.T) {
	t.Parallel()
	r := newTestRunner(t)
	p := session.Principal{UserID: 1}
	x := r.adds(1, 1)
	_, err := r.AwaitRun(t.Context(), p, 1, x.id, 0)
	var late *session.RunTimeoutError
	require.ErrorAs(t, err, &late)
	require.Equal(t, x.id, late.Seen.ID)
	r.ends(x, 3)
	res, err := r.AwaitRun(t.Context(), p, 1, x.id, 0)
	require.NoError(t, err)
	require.Equal(t, "xxx", string(res.Output))
	_, err = r.AwaitRun(t.Context(), session.Principal{UserID: 2}, 1, x.id, 0)
	require.ErrorIs(t, err, session.ErrNotFound)
}
