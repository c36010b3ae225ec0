package shellrun

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"interplexer/controlmode"
)

// marks frame a command's output in what its terminal is sent. tmux and other
// terminals show nothing of them: an operating system command of no known number.
type marks struct{ begin, end string }

func newMarks(nonce string) marks {
	return marks{"\x1b]interplexer;" + nonce + ";begin\x1b\\", "\x1b]interplexer;" + nonce + ";end\x1b\\"}
}

const (
	// hide has the terminal show nothing of what is typed: it saves the cursor,
	// takes the other screen, and a privacy message, which goes on to the next
	// escape character. Shells that redraw what is typed end that, on the other
	// screen.
	hide = "\x1b7\x1b[?1049h\x1b^"
	// reveal undoes hide.
	reveal = "\x1b\\\x1b[?1049l\x1b8"
)

// part is one file of a script, which may name those before it.
type part func(paths []string) string

// shellParts are the files of a script; the last is the one to be read.
func shellParts(sh shell, command string, m marks, report string) []part {
	switch sh {
	case bash:
		return bashParts(command, m, report)
	case zsh:
		return zshParts(command, m, report)
	case fish:
		return fishParts(command, m, report)
	}
	return ashParts(command, m, report)
}

// sourcingLine has a shell read a file. What was typed before is dropped (Ctrl-U).
func sourcingLine(sh shell, path string) string {
	switch sh {
	case zsh:
		return "\x15" + zshBefore + " . " + path + "\r"
	case fish:
		return "\x15 source " + path + "\r"
	}
	return "\x15 . " + path + "\r"
}

// plainPath needs no quotes in any shell.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9_./+-]*$`)

// scriptFolder is where the shells on a tmux server find scripts: beside its
// socket, unless that is called strangely.
func scriptFolder(server controlmode.ServerID) string {
	for _, folder := range []string{filepath.Dir(server.Socket), os.TempDir()} {
		if plainPath.MatchString(folder) {
			return folder
		}
	}
	return "/tmp"
}

// keepStatus and giveStatus keep $? over what is between them, and leave nothing
// in the shell: the variable is gone before the return is carried out. Where the
// shell ends at the first failure, no failure is given.
const (
	keepStatus = "__interplexer=$?\n"
	giveStatus = "case $- in *e*) __interplexer=0;; esac\n" +
		"eval \"unset __interplexer; return $__interplexer\"\n"
)

// unlessStrict is how a command is run, unless the shell ends at the first
// failure (set -e): then it would also where the command itself does not, after
// "! true" say, because evaluating it has failed. There its end has to be told in
// the same breath.
func unlessStrict(command, end, run string) string {
	return fmt.Sprintf("case $- in *e*) eval %s;; *) %s;; esac\n", quoted(command+"\n. "+end+"\n"), run)
}

// say writes to the terminal, wherever the shell's own output goes.
func say(text string) string {
	return "printf %s " + quoted(text) + " >/dev/tty\n"
}

// tell reports to us. When we are gone there is nobody to tell.
func tell(what, report string) string {
	return fmt.Sprintf("{ printf '%%s\\n' %s >>%s; } 2>/dev/null\n", what, report)
}
