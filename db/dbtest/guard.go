package dbtest

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// guard is a shell that waits for our end of a pipe to close, which the kernel
// does however we end, and then stops the cluster and removes its folder. A
// word through the pipe tells it that there is nothing to do. (The
// alternative, Pdeathsig, is Linux's alone, follows a thread, and cannot wake
// a server that a test had stopped.)
type guard struct {
	shell *exec.Cmd
	leash io.WriteCloser
}

const guardScript = `read -r word && exit
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" && kill -CONT "$pid"
for second in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null && sleep 1; done
rm -rf "$0"`

func startGuard(folder string) (*guard, error) {
	shell := exec.Command("/bin/sh", "-c", guardScript, folder)
	// Apart from the terminal, whose interrupt would end the guard with us.
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	leash, err := shell.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	if err := shell.Start(); err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	return &guard{shell: shell, leash: leash}, nil
}

// dismiss returns when the guard has gone.
func (g *guard) dismiss() {
	_, _ = io.WriteString(g.leash, "done\n") // fails only if it was killed
	_ = g.leash.Close()
	_ = g.shell.Wait()
}
