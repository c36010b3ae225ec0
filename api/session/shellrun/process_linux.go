package shellrun

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// processStat are the fields of /proc/PID/stat, from the state on; nil: there is no such
// process.
type processStat []string

func readStat(pid int) processStat {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := bytes.LastIndexByte(line, ')') // the name before it may hold any character
	if err != nil || i < 0 {
		return nil
	}
	return strings.Fields(string(line[i+1:]))
}

func (s processStat) field(i int) string {
	if i >= len(s) {
		return ""
	}
	return s[i]
}

func (s processStat) state() string { return s.field(0) }

// foreground is the id of the process group in the foreground of the process's terminal.
func (s processStat) foreground() int {
	n, _ := strconv.Atoi(s.field(5))
	return n
}

func (s processStat) parent() int {
	n, _ := strconv.Atoi(s.field(1))
	return n
}

// age is the time since the process was started; an hour if it is not known.
func (s processStat) age() time.Duration {
	uptime, _ := os.ReadFile("/proc/uptime")
	now, _, _ := strings.Cut(string(uptime), " ")
	seconds, err := strconv.ParseFloat(now, 64)
	started, startErr := strconv.ParseFloat(s.startTicks(), 64)
	if err != nil || startErr != nil {
		return time.Hour
	}
	const ticks = 100 // per second (USER_HZ), on every machine
	return time.Duration((seconds - started/ticks) * float64(time.Second))
}

// startTicks is the time of the start, in ticks since the machine's own start. With the
// pid it identifies a process.
func (s processStat) startTicks() string { return s.field(19) }

// processFile is the path of a process's program; empty if it is not known, or if the
// process has another root folder.
func processFile(pid int) string {
	root, err := os.Readlink(fmt.Sprintf("/proc/%d/root", pid))
	mine, _ := os.Readlink("/proc/self/root")
	if err != nil || root != mine {
		return ""
	}
	file, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return file
}
