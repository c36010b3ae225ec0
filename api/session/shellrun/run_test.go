package shellrun_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/sessiontest"
	"interplexer/controlmode/handover"
)

// A command that is not over in time goes on, and is waited for again; meanwhile
// the pane takes no other. An interrupt ends it as it would end a typed one.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	for _, sh := range sessiontest.Shells {
		t.Run(sh.Name, func(t *testing.T) {
			t.Parallel()
			r := startRunner(t)
			id := r.startsShell(sh)
			late := r.begins(id, `echo first; sleep 1000; echo never`)
			r.printed(late, "first\n")
			r.awaitProgram(id, "sleep")

			_, err := r.tries(id, session.RunOptions{Command: "echo second"})
			var running *session.RunningError
			require.ErrorAs(t, err, &running)
			require.Equal(t, session.RunningError{Session: id, Run: late.ID}, *running)

			ended := make(chan error, 1)
			go func() {
				_, err := r.Runs.AwaitRun(t.Context(), r.user, id, late.ID, runTime)
				ended <- err
			}()
			r.TypeKeys(r.user, id, "C-c")
			require.NoError(t, <-ended)
			res := r.awaits(late)
			require.Equal(t, 130, code(t, res))
			require.Regexp(t, `^first\n(\^C\n?)?$`, string(res.Output)) // the terminal echoes ^C before or after the shell takes it back
			require.False(t, res.Truncated)

			status := "echo $?"
			if !sh.IsPOSIX() {
				status = "echo $status"
			}
			require.Equal(t, "130\n", string(r.runs(id, status).Output))
			require.Equal(t, res, r.awaits(late), "it is remembered")
			r.leavesNoMarks(id, sh, awkward{keep: true}, "sleep 1000")
			r.runIsUnknown(r.user, id, "unknown")
			r.runIsUnknown(r.User("bob", false), id, late.ID)
			r.MustEnd(r.user, id)
			r.runIsUnknown(r.user, id, late.ID)
		})
	}
}

func (r runner) runIsUnknown(p session.Principal, id int64, run string) {
	r.t.Helper()
	_, err := r.Runs.AwaitRun(r.t.Context(), p, id, run, time.Second)
	require.ErrorIs(r.t, err, session.ErrNotFound)
}

func TestRunEndsTheShell(t *testing.T) {
	t.Parallel()
	for _, sh := range sessiontest.Shells {
		t.Run(sh.Name, func(t *testing.T) {
			t.Parallel()
			r := startRunner(t)
			ends := []string{`echo last; exit 3`, `echo last; exec sh -c 'exit 4'`}
			if sh.IsPOSIX() {
				ends = append(ends, "echo last; set -e; sh -c 'exit 5'; echo more")
			}
			for _, command := range ends {
				id := r.startsShell(sh)
				res := r.runs(id, command)
				if res.ExitCode != nil { // fish reports the end before it exits
					require.Equal(t, "fish", sh.Name)
					require.Equal(t, 3, *res.ExitCode)
				} else {
					require.True(t, res.ShellEnded)
				}
				if !res.Truncated { // tmux drops output that it has not reported when the pane ends
					require.Equal(t, "last\n", string(res.Output))
				}
				r.AwaitStatus(r.user, id, session.Exited)
				_, err := r.tries(id, session.RunOptions{Command: "echo ended"})
				require.ErrorIs(t, err, session.ErrEnded)
			}
		})
	}
}

// Nothing is typed into a program that is no shell, nor into a shell that does not
// wait at its prompt.
func TestRunNeedsAShell(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	for _, command := range [][]string{{"cat"}, {"dash", "-c", "cat; cat"}} {
		id := r.StartProgram(r.user, command...)
		_, err := r.tries(id, session.RunOptions{Command: "echo typed"})
		require.ErrorIs(t, err, session.ErrNoShell, "%s", command)
		require.Empty(t, r.ScreenText(r.user, id))
	}
	id := r.startsShell(sessiontest.Shells[0])
	r.runs(id, "PS1=")
	r.TypeLine(r.user, id, "read line; echo got $line")
	r.Eventually("it reads", func() bool {
		_, err := r.tries(id, session.RunOptions{Command: "echo typed"})
		if err != nil {
			require.ErrorIs(t, err, session.ErrShellBusy)
		}
		return err != nil
	})
}

// A caller does not wait for a prompt where there is no shell.
func TestTimedRunWithoutAShell(t *testing.T) {
	r := startRunner(t)
	for _, command := range [][]string{{"cat"}, {"dash", "-c", "cat; cat"}} {
		id := r.StartProgram(r.user, command...)
		began := time.Now()
		_, err := r.tries(id, session.RunOptions{Command: "echo typed"})
		require.ErrorIs(t, err, session.ErrNoShell, "%s", command)
		require.Less(t, time.Since(began), time.Second)
	}
}

// A shell that another program execs within a moment is one. Nondeterminism: that has
// its time (startingTime); on a machine with much to do a program may take longer, and
// then the next is tried.
func TestRunAwaitsTheShell(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	r.Eventually("one is found", func() bool {
		id := r.StartProgram(r.user, "sh", "-c", "sleep 0.1; exec bash --norc")
		res, err := r.tries(id, session.RunOptions{Command: "echo typed"})
		return err == nil && string(res.Output) == "typed\n"
	})
}

// A run goes on when its caller leaves.
func TestRunOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	id := r.startsShell(sessiontest.Shells[0])
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := r.Runs.RunCommand(ctx, r.user, id, session.RunOptions{Command: "echo first; read line; exit 6", Timeout: runTime})
		left <- err
	}()
	r.AwaitText(r.user, id, "\nfirst\n")
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	_, err := r.tries(id, session.RunOptions{Command: "true"})
	var running *session.RunningError
	require.ErrorAs(t, err, &running)
	r.TypeLine(r.user, id, "")
	require.True(t, r.awaits(session.RunResult{ID: running.Run, Session: id}).ShellEnded)
}

// A run is in the pane that is named, or else in the active one. Panes that are not
// there, and those of others, are not found.
func TestRunInAPane(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	id := r.startsShell(sessiontest.Shells[0])
	active := r.MustGet(r.user, id).Panes[0].ID
	_, other, err := r.SplitPane(t.Context(), r.user, id, session.NewPane{Program: session.Program{Command: sessiontest.Bash}, Background: true})
	require.NoError(t, err)
	for _, pane := range []string{active, other} {
		res, err := r.tries(id, session.RunOptions{Command: "echo $TMUX_PANE", Pane: pane})
		require.NoError(t, err)
		require.Equal(t, pane+"\n", string(res.Output))
	}
	_, err = r.tries(id, session.RunOptions{Command: "true", Pane: "%99999"})
	require.ErrorIs(t, err, session.ErrNotFound)
	_, err = r.Runs.RunCommand(t.Context(), r.User("bob", false), id, session.RunOptions{Command: "true", Timeout: runTime})
	require.ErrorIs(t, err, session.ErrNotFound)
	var bad *session.InvalidError
	_, err = r.Runs.RunCommand(t.Context(), r.user, id, session.RunOptions{Command: "true"})
	require.ErrorAs(t, err, &bad)
}

// When the output cannot be recorded, the result says so, and the exit code of the
// command is known all the same.
func TestRunWithoutTheHub(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	id := r.startsShell(sessiontest.Shells[0])
	late := r.begins(id, "echo first; read line; echo $line; (exit 3)")
	r.printed(late, "first\n")
	r.KillHub()
	r.Eventually("there is a gap", func() bool { return r.soFar(late).Truncated })
	r.TypeLine(r.user, id, "typed")
	res := r.awaits(late)
	require.Equal(t, 3, code(t, res))
	require.True(t, res.Truncated)
	require.Equal(t, "first\n", string(res.Output))
	res = r.runs(id, "echo again")
	require.Equal(t, "again\n", string(res.Output))
	require.False(t, res.Truncated)
}

// Somebody who cleans the folder for temporary files takes a run's scripts away;
// its end is reported all the same. (It removes the files of all runs of this
// process, and so does not run in parallel.)
func TestRunWhoseFilesAreRemoved(t *testing.T) {
	r := startRunner(t)
	id := r.startsShell(sessiontest.Shells[0])
	late := r.begins(id, `read x; (exit 4)`)
	before := r.files()
	require.NotEmpty(t, before)
	for _, path := range before {
		require.NoError(t, os.Remove(path))
	}
	r.Eventually("they are there again", func() bool { return slices.Equal(before, r.files()) })
	r.TypeKeys(r.user, id, "x", "Enter")
	require.Equal(t, 4, code(t, r.awaits(late)))
	r.runs(id, "true")
	require.Empty(t, r.files(), "a run that is over leaves nothing")
}

// files are the files of all runs and programs of this process.
func (r runner) files() []string {
	r.t.Helper()
	socket := strings.TrimSpace(r.RunTmux("display-message", "-p", "#{socket_path}"))
	all, err := filepath.Glob(filepath.Join(filepath.Dir(socket), fmt.Sprintf("%s%d-*", handover.Prefix, os.Getpid())))
	require.NoError(r.t, err)
	return all
}
