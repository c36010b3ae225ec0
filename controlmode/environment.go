package controlmode

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// cleanNames are the variables that a tmux server, and so every shell in it, gets
// from our environment. All others stay behind, secrets among them.
var cleanNames = map[string]bool{
	"HOME": true, "USER": true, "LOGNAME": true, "SHELL": true, "PATH": true,
	"LANG": true, "LANGUAGE": true, "TZ": true, "TMPDIR": true, "TMUX_TMPDIR": true,
	"XDG_RUNTIME_DIR": true,
}

// CleanEnv picks the variables from an environment that a shell needs: the user, the
// home folder, the locale and the paths. TERM is set to one that tmux knows.
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

// lookupEnv finds a variable in an environment; "" if it is not there.
func lookupEnv(environ []string, name string) string {
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// setCloseOnExec marks every descriptor above stderr, so that a tmux server that we
// start, and every shell in it, inherits none. Go marks the descriptors that it
// opens, but not those with which this process was itself started.
func setCloseOnExec() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // this system has no such folder, and no other list of descriptors
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// workingDir is the home folder if there is one. A tmux server keeps its working
// directory busy, so it must not be the folder in which we were started.
func workingDir(environ []string) string {
	if info, err := os.Stat(lookupEnv(environ, "HOME")); err == nil && info.IsDir() {
		return lookupEnv(environ, "HOME")
	}
	return "/"
}
