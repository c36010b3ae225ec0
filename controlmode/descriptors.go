package controlmode

import (
	"os"
	"strconv"
	"syscall"
)

// closeOnExec marks every descriptor above stderr, so that a tmux server that
// we start, and every shell in it, inherits none: Go marks those it opens, not
// those that this process was itself started with.
func closeOnExec() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // no such folder on this system: nothing to read them from
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
