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

// victimEnv in the environment makes this program start a Postgres and wait until
// it is killed. The value is the state of that Postgres: running or stopped.
const victimEnv = "DBTEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		runVictim()
	}
	os.Exit(Main(m))
}

// runVictim prints the directory and the pid of its Postgres and blocks.
func runVictim() {
	p, err := newInstance()
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	if os.Getenv(victimEnv) == "stopped" {
		if err := p.signalAll(syscall.SIGSTOP); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	fmt.Println(p.dir, p.server.Process.Pid)
	select {}
}

func TestPostgresDiesWithUs(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"running", "stopped"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), victimEnv+"="+state)
			out, err := c.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, c.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			var dir string
			var pid int
			_, err = fmt.Sscan(line, &dir, &pid)
			require.NoError(t, err, line)
			require.NoError(t, c.Process.Kill())
			_ = c.Wait() // the error is that it was killed

			require.Eventually(t, func() bool { return !isRunning(pid) }, 15*time.Second, 20*time.Millisecond)
			require.Eventually(t, func() bool {
				_, err := os.Stat(dir)
				return errors.Is(err, fs.ErrNotExist)
			}, 15*time.Second, 20*time.Millisecond)
		})
	}
}

// isRunning is false for a zombie too: in a container, init may never reap it.
func isRunning(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

func TestServerLeavesNothing(t *testing.T) {
	t.Parallel()
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
	_, err := os.Stat(p.dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	dir, err := findBinaries()
	require.NoError(t, err)
	require.True(t, isProgram(filepath.Join(dir, "postgres")))
	require.Greater(t, version("/usr/lib/postgresql/15/bin"), version("/usr/lib/postgresql/9/bin"))
}
