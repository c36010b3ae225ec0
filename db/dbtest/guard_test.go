package dbtest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asVictim makes this program start a Postgres and wait to be killed.
const asVictim = "DBTEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(asVictim) != "" {
		victim()
	}
	os.Exit(Main(m))
}

func victim() {
	p, err := newInstance()
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	if os.Getenv(asVictim) == "stopped" {
		if err := p.signalAll(syscall.SIGSTOP); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	fmt.Println(p.folder, p.server.Process.Pid)
	select {}
}

func TestPostgresDiesWithUs(t *testing.T) {
	for _, state := range []string{"running", "stopped"} {
		t.Run(state, func(t *testing.T) {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), asVictim+"="+state)
			out, err := c.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, c.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			var folder string
			var pid int
			_, err = fmt.Sscan(line, &folder, &pid)
			require.NoError(t, err, line)
			require.NoError(t, c.Process.Kill())
			_ = c.Wait() // says that it was killed

			require.Eventually(t, func() bool { return !isRunning(pid) }, 15*time.Second, 20*time.Millisecond)
			require.Eventually(t, func() bool {
				_, err := os.Stat(folder)
				return errors.Is(err, fs.ErrNotExist)
			}, 15*time.Second, 20*time.Millisecond)
		})
	}
}

// isRunning is false for a zombie too, which a container's init may never reap.
func isRunning(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

func TestServerLeavesNothing(t *testing.T) {
	var p *instance
	t.Run("life", func(t *testing.T) {
		s := NewServer(t)
		p = s.instance
		s.Exec("CREATE TABLE kept (x INTEGER)")
		s.Restart()
		s.Exec("INSERT INTO kept VALUES (1)")
		s.Signal(syscall.SIGSTOP)
	})
	require.Nil(t, p.server)
	_, err := os.Stat(p.folder)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFindBinaries(t *testing.T) {
	folder, err := findBinaries()
	require.NoError(t, err)
	require.True(t, isProgram(filepath.Join(folder, "postgres")))
	require.Greater(t, version("/usr/lib/postgresql/15/bin"), version("/usr/lib/postgresql/9/bin"))
}
