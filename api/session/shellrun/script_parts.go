package shellrun

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// marks are written to the terminal before and after a command's output. Each is an
// operating system command (OSC) with an unknown number, of which tmux and other
// terminals show nothing.
type marks struct{ begin, end string }

func newMarks(nonce string) marks {
	return marks{"\x1b]interplexer;" + nonce + ";begin\x1b\\", "\x1b]interplexer;" + nonce + ";end\x1b\\"}
}

const (
	// hideInput has the terminal show nothing of the typed line. It saves the cursor,
	// switches to the alternate screen and begins a privacy message, which lasts until
	// the next escape character. A shell that redraws the typed line ends the message,
	// but draws on the alternate screen.
	hideInput = "\x1b7\x1b[?1049h\x1b^"
	// unhideInput undoes hideInput.
	unhideInput = "\x1b\\\x1b[?1049l\x1b8"
)

// part returns the text of one file of a script. It is given the paths of the files
// before it.
type part func(paths []string) string

// shellParts are the files of a script. The shell is told to read the last one.
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

// sourcingLine is the line that has a shell read a file. Its Ctrl-U deletes text that
// was typed before and not entered.
func sourcingLine(sh shell, path string) string {
	switch sh {
	case zsh:
		return "\x15" + zshPrefix + " . " + path + "\r"
	case fish:
		return "\x15 source " + path + "\r"
	}
	return "\x15 . " + path + "\r"
}

// plainPath matches paths that need no quotes in any shell.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9_./+-]*$`)

// scriptFolder is the folder of the scripts for shells on a tmux server: the folder of
// its socket, or a folder for temporary files if that one's path needs quotes.
func scriptFolder(socket string) string {
	for _, folder := range []string{filepath.Dir(socket), os.TempDir()} {
		if plainPath.MatchString(folder) {
			return folder
		}
	}
	return "/tmp"
}

// saveStatus and restoreStatus keep $? over the code between them, and end the reading
// of the file. They leave nothing in the shell: the variable is unset before the return
// is carried out. In a shell that ends at the first failure (set -e), the status becomes
// 0.
const (
	saveStatus    = "__interplexer=$?\n"
	restoreStatus = "case $- in *e*) __interplexer=0;; esac\n" +
		"eval \"unset __interplexer; return $__interplexer\"\n"
)

// unlessErrexit is the code that runs a command. A shell that ends at the first failure
// (set -e) gets other code: it evaluates the command and the report of its end at once.
// It would end after the evaluation of "! true", though it does not end after that
// command itself, and then the end would not be reported.
func unlessErrexit(command, end, run string) string {
	return fmt.Sprintf("case $- in *e*) eval %s;; *) %s;; esac\n", quoted(command+"\n. "+end+"\n"), run)
}

// printToTTY is code that prints a text to the terminal, wherever the shell's own output
// goes.
func printToTTY(text string) string {
	return "printf %s " + quoted(text) + " >/dev/tty\n"
}

// sendReport is code that writes a line, given as a word of shell, to the report's pipe.
// It fails silently if this service has gone.
func sendReport(word, report string) string {
	return fmt.Sprintf("{ printf '%%s\\n' %s >>%s; } 2>/dev/null\n", word, report)
}
