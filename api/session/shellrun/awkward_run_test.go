package shellrun_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/sessiontest"
)

// largeOutput is how long an output is that a machine with much to do may not record
// in full: tmux pauses the pane, and the run says so (Truncated). That is the one
// nondeterminism of these tests.
const largeOutput = 1 << 20

func TestTimedAwkwardCommands(t *testing.T) {
	t.Parallel()
	var whole atomic.Int64 // large outputs that were recorded in full
	t.Run("shells", func(t *testing.T) {
		for _, sh := range sessiontest.Shells {
			t.Run(sh.Name, func(t *testing.T) {
				t.Parallel()
				runAwkwardCommands(t, sh, &whole)
			})
		}
	})
	require.Positive(t, whole.Load(), "10 MB were recorded in no shell")
}

func runAwkwardCommands(t *testing.T, sh sessiontest.Shell, whole *atomic.Int64) {
	t.Helper()
	r := startRunner(t)
	id := r.MustCreate(r.user, session.CreateOptions{
		Command: sh.Command, Env: map[string]string{"HISTFILE": "/dev/null", "HISTSIZE": "1000"},
	}).ID
	table := fmt.Sprintf("%-22s %6s %9s  %s\n", sh.Name, "code", "bytes", "took")
	for _, a := range awkwardCommands() {
		if a.only != nil && !a.only(sh) {
			continue
		}
		typed := a.spelt(sh)
		began := time.Now()
		res := r.runsAwkward(id, typed, a)
		for tries := 1; tries < 3 && len(a.output) > largeOutput && res.Truncated; tries++ {
			require.True(t, strings.HasPrefix(a.output, string(res.Output)), a.name)
			res = r.runsAwkward(id, typed, a)
		}
		took := time.Since(began)
		if len(a.output) > largeOutput {
			if res.Truncated {
				require.True(t, strings.HasPrefix(a.output, string(res.Output)), a.name)
				t.Logf("%s: too busy, %d bytes were recorded", a.name, len(res.Output))
				continue
			}
			whole.Add(1)
		}
		a.judge(t, res)
		r.leavesNoMarks(id, sh, a, typed)
		table += fmt.Sprintf("%-22s %6d %9d  %.1f ms\n", a.name, *res.ExitCode, len(res.Output), took.Seconds()*1000)
	}
	t.Log("\n" + table)
}

// runsAwkward runs a command and types its input meanwhile.
func (r runner) runsAwkward(id int64, typed string, a awkward) session.RunResult {
	r.t.Helper()
	if a.input != "" {
		seen := r.begins(id, typed)
		if a.reader != "" { // before it starts, fish may still have the terminal in its own mode
			r.awaitProgram(id, a.reader)
		}
		r.TypeLine(r.user, id, a.input)
		return r.awaits(seen)
	}
	res, err := r.tries(id, session.RunOptions{Command: typed, MaxOutput: a.most})
	require.NoError(r.t, err, a.name)
	return res
}

func (a awkward) judge(t *testing.T, res session.RunResult) {
	t.Helper()
	output := string(res.Output)
	if a.like != "" {
		require.Regexp(t, a.like, output, a.name)
	} else if len(a.output) < 1000 || len(output) < 1000 {
		require.Equal(t, a.output, output, a.name)
	} else {
		require.True(t, a.output == output, "%s: %d bytes, not %d", a.name, len(output), len(a.output))
	}
	require.Equal(t, a.most == 5, res.Truncated, a.name)
	if a.codes != "" {
		require.Regexp(t, a.codes, fmt.Sprint(code(t, res)), a.name)
	} else {
		require.Equal(t, a.code, code(t, res), "%s: %s", a.name, output)
	}
}

// marksOnScreen are the parts of a run that no screen may show.
var marksOnScreen = regexp.MustCompile(`__interplexer|\.ipx-|1049|;begin|\[200~`)

// leavesNoMarks looks at the screen and at the shell's history after a command: both
// have the command as if somebody had typed it.
func (r runner) leavesNoMarks(id int64, sh sessiontest.Shell, a awkward, typed string) {
	r.t.Helper()
	screen := r.ScreenText(r.user, id)
	require.NotRegexp(r.t, marksOnScreen, strings.ReplaceAll(screen, "?1049", ""), a.name)
	first, _, _ := strings.Cut(typed, "\n")
	if !a.wiped {
		wrapped := strings.ReplaceAll(screen, "\n", "")
		require.Contains(r.t, wrapped, first, "%s: as it was typed", a.name)
	}
	if sh.History == "" || a.keep {
		return
	}
	history := r.history(id, sh)
	require.NotRegexp(r.t, `__interplexer|\.ipx-|memfd`, history, a.name)
	if sh.Name == "fish" && (a.name == "syntax error" || strings.HasPrefix(first, " ")) {
		return // fish itself does not keep these
	}
	if sh.Name == "busybox" {
		first = first[:min(len(first), 900)]
	}
	require.Contains(r.t, history, first, a.name)
}

// history is the history of the shell; listing it is a command as well.
func (r runner) history(id int64, sh sessiontest.Shell) string {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "history")
	r.runs(id, sh.History+" >"+file)
	list, err := os.ReadFile(file)
	require.NoError(r.t, err)
	if sh.Name != "busybox" {
		return string(list)
	}
	// There our line is replaced when its command has ended, not before.
	before := strings.TrimSuffix(string(list), "\n")
	return before[:strings.LastIndex(before, "\n")+1]
}

// A newline that follows another is the first thing to go where a terminal is held
// up in the midst of a write (Linux forgets it).
func TestRunRecordsEveryLine(t *testing.T) {
	t.Parallel()
	r := startRunner(t)
	id := r.startsShell(sessiontest.Shells[0])
	whole := 0
	for range 20 {
		res := r.runs(id, `yes '' | head -n 200000`)
		if !res.Truncated { // see largeOutput
			require.Equal(t, 200_000, len(res.Output))
			whole++
		}
	}
	require.Positive(t, whole)
}
