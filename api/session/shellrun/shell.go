package shellrun

import (
	"path/filepath"
	"regexp"
	"strings"

	"interplexer/api/session"
)

// shell is a kind of shell that can run commands.
type shell string

const (
	bash    shell = "bash"
	zsh     shell = "zsh"
	dash    shell = "dash"
	fish    shell = "fish"
	busybox shell = "busybox"
)

// shellFileName matches the name of a shell's file, such as "zsh-5.9".
var shellFileName = regexp.MustCompile(`^(bash|zsh|dash|fish|busybox)[-0-9.]*$`)

// shellOf returns the kind of a shell by its file and the words that it was started
// with. It fails with ErrNoShell for another program, and for a shell that runs a
// script.
func shellOf(file string, words []string) (shell, error) {
	name := shellFileName.FindStringSubmatch(filepath.Base(strings.TrimSuffix(file, " (deleted)")))
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

// editsLines reports whether the shell has a line editor of its own, and turns the
// terminal's canonical mode off at its prompt.
func (sh shell) editsLines() bool { return sh != dash }

// quoted quotes text as one word for a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// echoOf is the echo that a terminal shows when a command is typed.
func echoOf(command string) string {
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
