package shellrun

import (
	"path/filepath"
	"regexp"
	"strings"

	"interplexer/api/session"
)

// shell is a kind of shell that commands are run in.
type shell string

const (
	bash    shell = "bash"
	zsh     shell = "zsh"
	dash    shell = "dash"
	fish    shell = "fish"
	busybox shell = "busybox"
)

// shellForm is how the file of a shell is called, "zsh-5.9" say.
var shellForm = regexp.MustCompile(`^(bash|zsh|dash|fish|busybox)[-0-9.]*$`)

// shellOf tells a shell by its file and the words that it was started with, or
// fails with ErrNoShell. A shell that runs a script is none.
func shellOf(file string, words []string) (shell, error) {
	name := shellForm.FindStringSubmatch(filepath.Base(strings.TrimSuffix(file, " (deleted)")))
	if name == nil || len(words) == 0 {
		return "", session.ErrNoShell
	}
	sh, words := shell(name[1]), words
	called, words := filepath.Base(strings.TrimPrefix(words[0], "-")), words[1:]
	if sh == busybox && called == "busybox" && len(words) > 0 {
		called, words = words[0], words[1:]
	}
	if sh == busybox && called != "sh" && called != "ash" {
		return "", session.ErrNoShell
	}
	if sh != dash && sh != busybox {
		return sh, nil // some of their options take an argument
	}
	for _, w := range words {
		if !strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "+") || strings.HasPrefix(w, "-c") {
			return "", session.ErrNoShell
		}
	}
	return sh, nil
}

// editsLines: its prompt takes the terminal's own line editing off.
func (sh shell) editsLines() bool { return sh != dash }

// quoted is text as one word of a POSIX shell's.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// shown is a command as its terminal shows it when it is typed.
func shown(command string) string {
	var b strings.Builder
	for _, c := range []byte(strings.TrimSuffix(command, "\n") + "\n") {
		switch {
		case c == '\n', c == '\t', c >= 0x20 && c != 0x7f:
			b.WriteByte(c)
		default:
			b.WriteByte('^')
			b.WriteByte(c ^ 0x40)
		}
	}
	return b.String()
}
