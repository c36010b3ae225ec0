package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// Faults of the tmux server and of its socket.
var (
	TmuxKilled     = tmuxDies("tmux server killed", syscall.SIGKILL)
	TmuxTerminated = tmuxDies("tmux server terminated", syscall.SIGTERM)
	TmuxCrashed    = tmuxDies("tmux server crashed", syscall.SIGSEGV)
	TmuxKillServer = Fault{
		Name:   "tmux kill-server",
		Effect: Effect{Ends: EndsAll, Replaces: BothClients},
		Inject: alone(func(s *System) error {
			_, err := s.Tmux("kill-server")
			return err
		}),
	}
	TmuxStopped = Fault{
		Name:   "tmux server stopped",
		Inject: stopTmux,
	}
	// SocketRemoved: tmux makes the socket again when it gets SIGUSR1.
	SocketRemoved = Fault{
		Name:   "socket removed",
		Effect: Effect{Hidden: true},
		Inject: alone(func(s *System) error { return os.Remove(s.Socket) }),
	}
	SocketFolderRemoved = Fault{
		Name:   "socket folder removed",
		Effect: Effect{Hidden: true},
		Inject: alone(func(s *System) error {
			// It fails while a process makes a file in the folder.
			return waitUntil(func() bool { return os.RemoveAll(filepath.Dir(s.Socket)) == nil })
		}),
	}
	SocketTaken = Fault{
		Name:   "socket taken by another tmux server",
		Effect: Effect{Hidden: true},
		Inject: alone(takeSocket),
	}
	TmuxNoDescriptors = Fault{
		Name: "tmux server out of file descriptors",
		Inject: func(s *System) (func() error, error) {
			pid, err := s.TmuxServer()
			if err != nil {
				return nil, err
			}
			open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			if err != nil {
				return nil, err
			}
			return s.limit(pid, "nofile", len(open), 1024)
		},
	}
	TmuxCannotFork = Fault{
		Name: "tmux server cannot fork", Needs: NeedsAccount,
		Inject: func(s *System) (func() error, error) {
			pid, err := s.TmuxServer()
			if err != nil {
				return nil, err
			}
			return s.limit(pid, "nproc", 1, 1000)
		},
	}
	// TmuxClientsExit: the service must not start clients in a busy loop.
	TmuxClientsExit = Fault{
		Name: "every new tmux client exits at once", Needs: NeedsWrapper,
		Effect: Effect{Replaces: CommandClient},
		Inject: inTurn(func(s *System) (func() error, error) { return s.Wrapper.refuse() }, killClients(CommandClient)),
	}
	TmuxProgramRemoved = Fault{
		Name: "tmux program removed, command client killed", Needs: NeedsWrapper,
		Effect: Effect{Replaces: CommandClient},
		Inject: inTurn(func(s *System) (func() error, error) { return rename(s.Wrapper.Program) }, killClients(CommandClient)),
	}
)

func stopTmux(s *System) (func() error, error) {
	pid, err := s.TmuxServer()
	if err != nil {
		return nil, err
	}
	return stop(pid)
}

func tmuxDies(name string, how syscall.Signal) Fault {
	return Fault{
		Name:   name,
		Effect: Effect{Ends: EndsAll, Replaces: BothClients},
		Inject: alone(func(s *System) error { return endTmux(s, how) }),
	}
}

// endTmux ends the tmux server and waits until its process is gone.
func endTmux(s *System, how syscall.Signal) error {
	pid, err := s.TmuxServer()
	if err != nil {
		return err
	}
	return errors.Join(signal(how, pid), waitUntil(func() bool { return !Alive(pid) }))
}

// takeSocket starts another tmux server on the socket, as a user does who finds it
// missing.
func takeSocket(s *System) error {
	ours, err := s.TmuxServer()
	if err != nil {
		return err
	}
	for {
		if err := os.Remove(s.Socket); err != nil {
			return err
		}
		text, err := s.Tmux("-f", "/dev/null", "new-session", "-d", "-P", "-F", "#{pid}", "-s", "theirs", "cat")
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if pid != ours {
			s.Cleanup(func() { _ = signal(syscall.SIGKILL, pid) }) // no socket leads to it
			return nil
		}
		// Our server was faster, and made its socket again.
		if _, err := s.Tmux("kill-session", "-t", "=theirs:"); err != nil {
			return err
		}
	}
}

// limit sets a soft limit of a process until undo is called. It does so as the owner
// of the process, because not every root may.
func (s *System) limit(pid int, resource string, n, normal int) (undo func() error, err error) {
	set := func(n int) error {
		cmd := exec.Command("prlimit", "--pid", strconv.Itoa(pid), fmt.Sprintf("--%s=%d:", resource, n))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.Account}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("faults: prlimit: %w: %s", err, out)
		}
		return nil
	}
	return func() error { return set(normal) }, set(n)
}

// rename gives a file or a folder another name until undo is called.
func rename(path string) (undo func() error, err error) {
	away := path + ".away"
	return func() error { return os.Rename(away, path) }, os.Rename(path, away)
}

// Wrapper is a program for the service's --tmux. It counts the starts of tmux, and
// can refuse them.
type Wrapper struct {
	Program string
	Starts  string // a file, one byte for each start since the last fault
}

// NewWrapper writes a wrapper of the tmux in $PATH into a folder.
func NewWrapper(folder string) (*Wrapper, error) {
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		return nil, err
	}
	w := &Wrapper{Program: filepath.Join(folder, "starts.tmux"), Starts: filepath.Join(folder, "starts")}
	text := fmt.Sprintf("#!/bin/sh\necho >> %s\n[ -e %s ] && exit 1\nexec %s \"$@\"\n", w.Starts, w.refusal(), tmux)
	script := w.Program + ".script"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		return nil, err
	}
	return w, CopyProgram(script, w.Program)
}

// refusal is the file that makes the wrapper exit.
func (w *Wrapper) refusal() string { return w.Starts + ".refuse" }

// refuse makes the wrapper exit at once, until undo is called.
func (w *Wrapper) refuse() (undo func() error, err error) {
	err = errors.Join(os.WriteFile(w.Starts, nil, 0o600), os.WriteFile(w.refusal(), nil, 0o600))
	return func() error { return os.Remove(w.refusal()) }, err
}

// CopyProgram copies a program. Another process does it: if this one had the copy
// open for writing, a child that was forked meanwhile might still have it open, and
// then the program does not run (ETXTBSY).
func CopyProgram(from, to string) error {
	if out, err := exec.Command("cp", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("faults: cp: %w: %s", err, out)
	}
	return nil
}
