package sessiontest

// Shell is a shell that waits and runs are tested in, without the settings of whoever
// runs the tests.
type Shell struct {
	Name    string
	Command []string
	History string // the command that lists its history; empty: it has none
}

// Shells are the shells that waits and runs know.
var Shells = []Shell{
	{"bash", Bash, "history"},
	{"zsh", []string{"zsh", "-f"}, "fc -l 1"},
	{"dash", []string{"dash"}, ""},
	{"busybox", []string{"busybox", "sh"}, "history"},
	{"fish", []string{"fish", "--no-config"}, "builtin history"},
}

// Bash is the first of the Shells, for tests that need any one.
var Bash = []string{"bash", "--norc", "--noprofile"}

// IsPOSIX reports whether the shell understands POSIX's language.
func (sh Shell) IsPOSIX() bool { return sh.Name != "fish" }
