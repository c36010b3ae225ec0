package controlmode

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// cleanNames are the variables that a tmux server, and so every shell in it,
// gets from ours; all others stay behind, secrets among them.
var cleanNames = map[string]bool{
	"HOME": true, "USER": true, "LOGNAME": true, "SHELL": true, "PATH": true,
	"LANG": true, "LANGUAGE": true, "TZ": true, "TMPDIR": true, "TMUX_TMPDIR": true,
	"XDG_RUNTIME_DIR": true,
}

// CleanEnv picks from an environment what a shell needs: who and where the
// user is, the locale, the paths. TERM is set to one that tmux knows.
func CleanEnv(environ []string) []string {
	clean := []string{"TERM=xterm-256color"}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if cleanNames[name] || strings.HasPrefix(name, "LC_") {
			clean = append(clean, entry)
		}
	}
	return clean
}

// lookupEnv finds a variable in an environment, "" if it is not there.
func lookupEnv(environ []string, name string) string {
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// closeOnExec marks every descriptor above stderr, so that a tmux server that
// we start, and every shell in it, inherits none: Go marks those it opens, not
// those that this process was itself started with.
func setCloseOnExec() {
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

// workingDir is the home folder if there is one, so that a tmux server never
// keeps the folder that we were started in busy.
func workingDir(environ []string) string {
	if info, err := os.Stat(lookupEnv(environ, "HOME")); err == nil && info.IsDir() {
		return lookupEnv(environ, "HOME")
	}
	return "/"
}
