package faults

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCatalogue(t *testing.T) {
	names := map[string]bool{}
	for _, f := range All {
		require.NotEmpty(t, f.Name)
		require.False(t, names[f.Name], f.Name)
		require.NotNil(t, f.Inject, f.Name)
		names[f.Name] = true
	}
}

func TestEffectAllows(t *testing.T) {
	require.True(t, Effect{}.Allows("503 unavailable"))
	require.False(t, Effect{}.Allows("500 internal"))
	require.False(t, Effect{}.Allows("410 gone"))
	hidden := Effect{Hidden: true, Ends: EndsSession}
	require.False(t, hidden.Allows("503 unavailable"))
	require.True(t, hidden.Allows("410 gone"))
}

func TestInTurn(t *testing.T) {
	var steps []string
	failed := errors.New("failed")
	step := func(name string, err error) inject {
		return func(*System) (func() error, error) {
			steps = append(steps, name)
			return func() error { steps = append(steps, "undo "+name); return nil }, err
		}
	}
	undo, err := inTurn(step("a", nil), alone(func(*System) error { return nil }), step("b", failed), step("c", nil))(nil)
	require.ErrorIs(t, err, failed)
	require.NoError(t, undo())
	require.Equal(t, []string{"a", "b", "undo b", "undo a"}, steps)
}

func TestStopAndKill(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	require.NoError(t, cmd.Start())
	pid := cmd.Process.Pid
	undo, err := stop(pid)
	require.NoError(t, err)
	require.True(t, Alive(pid))
	require.NoError(t, undo())
	require.NoError(t, signal(syscall.SIGKILL, pid))
	require.NoError(t, waitUntil(func() bool { return !Alive(pid) }), "a zombie is not alive")
	require.Error(t, cmd.Wait())
	require.ErrorIs(t, signal(syscall.SIGKILL, pid), syscall.ESRCH)
}

func TestWrapper(t *testing.T) {
	w, err := NewWrapper(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, exec.Command(w.Program, "-V").Run())
	undo, err := w.refuse()
	require.NoError(t, err)
	require.Error(t, exec.Command(w.Program, "-V").Run())
	starts, err := os.ReadFile(w.Starts)
	require.NoError(t, err)
	require.Len(t, starts, 1, "since the fault")
	require.NoError(t, undo())
	require.NoError(t, exec.Command(w.Program, "-V").Run())

	undo, err = rename(w.Program)
	require.NoError(t, err)
	require.Error(t, exec.Command(w.Program, "-V").Run())
	require.NoError(t, undo())
	require.FileExists(t, filepath.Clean(w.Program))
}
