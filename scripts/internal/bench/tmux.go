package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endTmux ends a private tmux server and waits until its process is gone: it
// answers kill-server before it has ended its sessions, and what it still does
// then would disturb whatever is measured next. There may be no server.
func endTmux(program, socket string, env []string) error {
	tmux := func(args ...string) (string, error) {
		cmd := exec.Command(program, append([]string{"-L", socket}, args...)...)
		cmd.Env = env
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	text, err := tmux("display-message", "-p", "#{pid}")
	if err != nil {
		return nil // no server
	}
	pid, err := strconv.Atoi(text)
	if err != nil || pid < 2 {
		return errors.New("bench: tmux does not tell its server's pid: " + text)
	}
	if _, err := tmux("kill-server"); err != nil {
		return err
	}
	for deadline := time.Now().Add(stopTime); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}
