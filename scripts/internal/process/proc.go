package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Info describes a process, as /proc shows it.
type Info struct {
	PID, Parent int
	Name        string
	Args        []string
}

// errNoProc: this package reads /proc, which Linux has.
var errNoProc = errors.New("process: there is no /proc")

// List returns the processes whose command lines contain a text. It leaves out
// zombies.
func List(text string) ([]Info, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err == nil && len(folders) == 0 {
		err = errNoProc
	}
	if err != nil {
		return nil, err
	}
	var all []Info
	for _, folder := range folders {
		args, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err != nil || !strings.Contains(string(args), text) {
			continue
		}
		name, fields, err := readStat(filepath.Base(folder))
		if err != nil || fields[0] == "Z" {
			continue // it has exited
		}
		p := Info{Name: name, Args: strings.Split(strings.TrimSuffix(string(args), "\x00"), "\x00")}
		p.PID, _ = strconv.Atoi(filepath.Base(folder))
		p.Parent, _ = strconv.Atoi(fields[1])
		all = append(all, p)
	}
	return all, nil
}

func (p Info) String() string {
	return fmt.Sprintf("%d (%s, of %d) %q", p.PID, p.Name, p.Parent, strings.Join(p.Args, " "))
}

// IsTmuxServer reports whether the process is a tmux server: tmux sets the names
// of its processes.
func (p Info) IsTmuxServer() bool { return strings.HasSuffix(p.Name, ": server") }

// IsControlClient reports whether the process is a control client of tmux.
func (p Info) IsControlClient() bool { return slices.Contains(p.Args, "-C") }

// IsHub reports whether a control client of the service is the hub: of the two
// clients, only the hub must not start a server.
func (p Info) IsHub() bool { return slices.Contains(p.Args, "-N") }

// Memory returns the resident memory of a process in bytes.
func Memory(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("process: statm of %d is %q", pid, text)
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}

// ticksPerSecond is the unit of the times in stat (proc_pid_stat(5)).
const ticksPerSecond = 100

// CPUTime returns the processor time that a process has used so far.
func CPUTime(pid int) (time.Duration, error) {
	_, fields, err := readStat(strconv.Itoa(pid))
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// readStat reads the name of a process and the fields after it: the first is the
// state. The name, in parentheses, may contain anything.
func readStat(pid string) (name string, fields []string, err error) {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return "", nil, err
	}
	first, last := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
	return string(stat[first+1 : last]), strings.Fields(string(stat[last+1:])), nil
}
