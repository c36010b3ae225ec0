package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is one of the machine's, as /proc tells it.
type process struct {
	pid, parent int
	name        string
	args        []string
}

// errProc: this program looks into /proc, which Linux has.
var errProc = errors.New("chaos: there is no /proc")

// processes are those whose command lines hold a text.
func processes(text string) ([]process, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err == nil && len(stats) == 0 {
		err = errProc
	}
	if err != nil {
		return nil, err
	}
	var all []process
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		args, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil || !strings.Contains(string(args), text) {
			continue
		}
		// The name, in parentheses, may hold anything.
		open, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
		fields := strings.Fields(string(stat[end+1:]))
		p := process{name: string(stat[open+1 : end]), args: strings.Split(strings.TrimSuffix(string(args), "\x00"), "\x00")}
		p.pid, _ = strconv.Atoi(strings.TrimSpace(string(stat[:open])))
		p.parent, _ = strconv.Atoi(fields[1])
		if fields[0] != "Z" {
			all = append(all, p)
		}
	}
	return all, nil
}

func (p process) String() string {
	return fmt.Sprintf("%d (%s, of %d) %q", p.pid, p.name, p.parent, strings.Join(p.args, " "))
}

// isServer: tmux names its processes.
func (p process) isServer() bool { return strings.HasSuffix(p.name, ": server") }

// isHub: of the service's two clients only the hub may not start a server.
func (p process) isHub() bool { return slices.Contains(p.args, "-N") }

// residentMemory is a process's, in bytes; 0: it has ended.
func residentMemory(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

// lives: it is there, and no zombie.
func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	end := strings.LastIndexByte(string(stat), ')')
	return !strings.HasPrefix(string(stat[end+1:]), " Z")
}

// sendSignal sends one to processes; those that have ended need none.
func sendSignal(what syscall.Signal, pids ...int) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("chaos: signal %d: %w", pid, err)
		}
	}
	return nil
}
