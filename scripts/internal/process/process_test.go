package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start starts a shell that has printed a line.
func start(t *testing.T, script string) *Process {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	p, err := Start(exec.Command("sh", "-c", script), log)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	require.Eventually(t, func() bool { return p.LogTail() != "" }, 10*time.Second, time.Millisecond)
	return p
}

func TestStop(t *testing.T) {
	require.NoError(t, start(t, "trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done").Stop(10*time.Second))
	err := start(t, "echo no tmux here >&2; exit 3").Stop(10 * time.Second)
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "no tmux here")
	err = start(t, "trap '' TERM; echo up; while :; do sleep 0.01; done").Stop(100 * time.Millisecond)
	require.ErrorContains(t, err, "did not exit within 100ms")
}

func TestKill(t *testing.T) {
	p := start(t, "echo up; exec sleep 100")
	p.Kill()
	p.Kill() // once more
	require.Equal(t, "signal: killed", p.Status())
}

func TestOutput(t *testing.T) {
	out, err := Output(exec.Command("echo", "hello"))
	require.NoError(t, err)
	require.Equal(t, "hello", out)
	_, err = Output(exec.Command("sh", "-c", "echo why >&2; exit 1"))
	require.ErrorContains(t, err, "why")
}

func TestEnviron(t *testing.T) {
	t.Setenv("INTERPLEXER_DATABASE_URL", "postgres://another")
	t.Setenv("TMUX_TMPDIR", "/another")
	all := Environ("TMUX_TMPDIR=/ours")
	require.Contains(t, all, "TMUX_TMPDIR=/ours")
	require.NotContains(t, all, "TMUX_TMPDIR=/another")
	require.NotContains(t, all, "INTERPLEXER_DATABASE_URL=postgres://another")
}

func TestThisProcess(t *testing.T) {
	self := os.Getpid()
	all, err := List(os.Args[0])
	require.NoError(t, err)
	for _, p := range all {
		if p.PID == self {
			require.Equal(t, os.Getppid(), p.Parent)
			require.Equal(t, os.Args, p.Args)
			require.False(t, p.IsTmuxServer() || p.IsControlClient() || p.IsHub())
		}
	}
	memory, err := Memory(self)
	require.NoError(t, err)
	require.Greater(t, memory, 1<<20)
	_, err = CPUTime(self)
	require.NoError(t, err)
}
