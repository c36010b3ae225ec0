package dbtest

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// reaper is a shell that stops a Postgres and removes its directory when this
// process ends, however it ends. The shell reads from a pipe, and the kernel
// closes our end of it. A line through the pipe tells the shell to end without
// doing anything.
//
// Pdeathsig would not do: it exists on Linux alone, it follows a thread instead
// of the process, and it cannot wake a server that a test has stopped.
type reaper struct {
	shell *exec.Cmd
	stdin io.WriteCloser
}

const reaperScript = `read -r word && exit
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" && kill -CONT "$pid"
for second in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null && sleep 1; done
rm -rf "$0"`

func startReaper(dir string) (*reaper, error) {
	shell := exec.Command("/bin/sh", "-c", reaperScript, dir)
	// In a session of its own: an interrupt at the terminal would end it with us.
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := shell.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("reaper: %w", err)
	}
	if err := shell.Start(); err != nil {
		return nil, fmt.Errorf("reaper: %w", err)
	}
	return &reaper{shell: shell, stdin: stdin}, nil
}

// dismiss ends the shell and waits for it. The server and the directory stay.
func (r *reaper) dismiss() {
	_, _ = io.WriteString(r.stdin, "done\n") // fails only if the shell was killed
	_ = r.stdin.Close()
	_ = r.shell.Wait()
}
