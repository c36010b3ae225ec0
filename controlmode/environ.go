package controlmode

import "strings"

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
