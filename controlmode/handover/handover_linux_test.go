package handover_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"interplexer/controlmode/handover"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestText(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	text := strings.Repeat("a\x00\xff\n", 100_000)
	f, err := handover.Text(dir, text)
	require.NoError(t, err)
	got, err := exec.CommandContext(t.Context(), "cat", f.Path()).Output() // another process
	require.NoError(t, err)
	require.Equal(t, text, string(got))
	open, err := os.Open(f.Path())
	require.NoError(t, err)
	defer open.Close()
	info, err := os.Stat(f.Path())
	require.NoError(t, err)
	require.Equal(t, int64(len(text)), info.Size())
	require.NoError(t, f.Close())
	_, err = os.Stat(f.Path())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Empty(t, files(t, dir))
	again := make([]byte, len(text))
	_, err = open.ReadAt(again, 0)
	require.NoError(t, err)
	require.Equal(t, text, string(again), "who has opened it has it")
}

// A process that comes too late finds nothing, whatever file has the number of the
// descriptor by then.
func TestNamesAreNotGivenAgain(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]bool{}
	for range 100 {
		f, err := handover.Text(dir, "x")
		require.NoError(t, err)
		require.False(t, seen[f.Path()])
		seen[f.Path()] = true
		require.NoError(t, f.Close())
	}
	f, err := handover.Text(dir, "y")
	require.NoError(t, err)
	for path := range seen {
		_, err := os.ReadFile(path)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	f.Abandon()
	_, err = os.ReadFile(f.Path())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Empty(t, files(t, dir))
}

func TestRenew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cleaned")
	f, err := handover.Text(dir, "x")
	require.NoError(t, err)
	require.NoError(t, f.Renew())
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, f.Renew())
	got, err := os.ReadFile(f.Path())
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	require.NoError(t, f.Close())
	require.Empty(t, files(t, dir))
}

// A folder may be removed while a file is made in it.
func TestRemovedMeanwhile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cleaned")
	for range 1000 {
		removed := make(chan struct{})
		go func() {
			defer close(removed)
			_ = os.RemoveAll(dir) // unless another file has been made meanwhile
		}()
		f, err := handover.Text(dir, "x")
		<-removed
		require.NoError(t, err)
		_ = f.Close() // the name may be gone
	}
	f, err := handover.Text(dir, "x")
	require.NoError(t, err)
	require.False(t, f.Removed())
	require.NoError(t, os.RemoveAll(dir))
	require.True(t, f.Removed())
	f.Abandon()
}

func TestPipe(t *testing.T) {
	read, f, err := handover.Pipe(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, exec.CommandContext(t.Context(), "sh", "-c", "echo one >>"+f.Path()+"; echo two >>"+f.Path()).Run())
	require.NoError(t, f.Close())
	got, err := io.ReadAll(read)
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\n", string(got))
	require.NoError(t, read.Close())
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	mine, err := handover.Text(dir, "x")
	require.NoError(t, err)
	ended := exec.CommandContext(t.Context(), "true")
	require.NoError(t, ended.Run())
	of := func(pid int) string {
		return strings.Replace(mine.Path(), fmt.Sprintf("-%d-", os.Getpid()), fmt.Sprintf("-%d-", pid), 1)
	}
	require.NoError(t, os.Symlink("/proc/1/fd/1", of(ended.Process.Pid)))
	require.NoError(t, os.Symlink("/proc/1/fd/1", of(1)))
	other := filepath.Join(dir, "interplexer")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	require.NoError(t, handover.Sweep(dir))
	require.ElementsMatch(t, []string{filepath.Base(mine.Path()), filepath.Base(of(1)), "interplexer"}, files(t, dir), "of those that live")
	require.NoError(t, mine.Close())
	require.NoError(t, handover.Sweep(filepath.Join(dir, "none")))
}
