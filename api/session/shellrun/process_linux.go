package shellrun

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// processStat is the line that Linux keeps of a process, from the state on; nil:
// there is none.
type processStat []string

func readStat(pid int) processStat {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := bytes.LastIndexByte(line, ')') // the name before may hold anything
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

// foreground is the leader of the process group in its terminal's foreground.
func (s processStat) foreground() int {
	n, _ := strconv.Atoi(s.field(5))
	return n
}

func (s processStat) parent() int {
	n, _ := strconv.Atoi(s.field(1))
	return n
}

// age is how long ago the process was started; long, if that cannot be told.
func (s processStat) age() time.Duration {
	uptime, _ := os.ReadFile("/proc/uptime")
	now, _, _ := strings.Cut(string(uptime), " ")
	seconds, err := strconv.ParseFloat(now, 64)
	born, bornErr := strconv.ParseFloat(s.born(), 64)
	if err != nil || bornErr != nil {
		return time.Hour
	}
	const ticks = 100 // a second, as Linux shows them everywhere
	return time.Duration((seconds - born/ticks) * float64(time.Second))
}

func (s processStat) born() string { return s.field(19) }

// processFile is the file of a process that sees the same files; else empty.
func processFile(pid int) string {
	root, err := os.Readlink(fmt.Sprintf("/proc/%d/root", pid))
	mine, _ := os.Readlink("/proc/self/root")
	if err != nil || root != mine {
		return ""
	}
	file, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return file
}
