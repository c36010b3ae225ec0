package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// family is the kernel's account of the processes that a process has started: the
// ids of its living children, and the page faults of those that it has waited for.
// No process runs without page faults, so a child that has come and gone shows,
// and no other process on the machine can change the two.
type family struct {
	Children []string
	Faults   string
}

func familyOf(t *testing.T, pid int) family {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	// The second field, the name, may hold blanks; cminflt is the 11th.
	_, rest, ok := strings.Cut(string(stat), ") ")
	require.True(t, ok)
	f := family{Faults: strings.Fields(rest)[11-3]}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	require.NotEmpty(t, tasks)
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if os.IsNotExist(err) {
			continue // a thread that ended; its children went to another
		}
		require.NoError(t, err)
		f.Children = append(f.Children, strings.Fields(string(text))...)
	}
	slices.Sort(f.Children)
	return f
}

// Captures and keys are commands on an open connection: neither the service nor
// its tmux server starts a process for them.
func TestNoProcessPerRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	token := s.firstToken()
	j := v.create(token, `{"command":["cat"]}`)
	tmux, err := strconv.Atoi(s.tmux("display-message", "-p", "#{pid}"))
	require.NoError(t, err)
	count := func() [2]family { return [2]family{familyOf(t, v.cmd.Process.Pid), familyOf(t, tmux)} }

	before := count()
	require.NotEmpty(t, before[0].Children) // the control client
	require.NotEmpty(t, before[1].Children) // cat
	for i := range 1000 {
		v.call(token, "POST", j.path("send-keys"), fmt.Sprintf(`{"keys":"line %d"}`, i), http.StatusNoContent)
		v.call(token, "POST", j.path("capture-pane"), "", http.StatusOK)
	}
	v.awaitScreen(token, j, "line 999")
	require.Equal(t, before, count())

	// The check does notice a process, even one that has exited.
	other := v.create(token, `{"command":["true"]}`)
	require.Eventually(t, func() bool {
		return decode[sessionJSON](t, v.call(token, "GET", other.path(""), "", http.StatusOK)).Status == "exited"
	}, patience, tick)
	require.NotEqual(t, before[1].Faults, count()[1].Faults)
	v.stop()
}
