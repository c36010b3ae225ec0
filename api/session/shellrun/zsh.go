package shellrun

import (
	"fmt"
	"strings"
)

// zshOption keeps what is typed, if it starts with a blank, out of the history
// of zsh; it has to be on when the line is entered.
const zshOption = "options[histignorespace]"

// zshBefore is typed before the line: zsh expands it when told to (expand-word),
// which sets the option and keeps what it was, and then it is dropped (Ctrl-U).
// Where those keys are bound otherwise, the line stays in the history.
const zshBefore = " ${__interplexer_option::=$" + zshOption + "}${" + zshOption + "::=on}\x18*\x15"

// zshParts: what follows always is run after an error or an interrupt, too.
func zshParts(command string, m marks, report string) []part {
	begin := func([]string) string {
		add := ""
		if text := strings.TrimSuffix(command, "\n"); strings.TrimSpace(text) != "" {
			add = "print -rs -- " + quoted(text) + "\n"
		}
		return keepStatus + "{\n" +
			"[[ -z $__interplexer_option ]] || " + zshOption + "=$__interplexer_option\nunset __interplexer_option\n" +
			add + "} 2>/dev/null\n" +
			say(reveal+shown(command)+m.begin) + tell("begin", report) + giveStatus
	}
	end := func([]string) string {
		return keepStatus + say(m.end) + tell(`"end $__interplexer"`, report) + giveStatus
	}
	main := func(paths []string) string {
		return fmt.Sprintf(". %s\n", paths[1]) +
			unlessStrict(command, paths[0], fmt.Sprintf("{ eval %s } always { . %s }", quoted(command+"\n"), paths[0]))
	}
	return []part{end, begin, main}
}
