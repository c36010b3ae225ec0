package shellrun

import (
	"fmt"
	"strings"
)

// zshHistoryOption keeps lines that start with a blank out of zsh's history. It has to
// be on when the line is entered.
const zshHistoryOption = "options[histignorespace]"

// zshPrefix is typed before the line. Its last keys have zsh expand it (expand-word,
// Ctrl-X *) and delete it (Ctrl-U). The expansion saves the option's value and turns the
// option on. If the user has bound these keys to something else, the line stays in the
// history.
const zshPrefix = " ${__interplexer_option::=$" + zshHistoryOption + "}${" + zshHistoryOption + "::=on}\x18*\x15"

// zshParts are for zsh. The commands after "always" also run after an error or an
// interrupt.
func zshParts(command string, m marks, report string) []part {
	begin := func([]string) string {
		add := ""
		if text := strings.TrimSuffix(command, "\n"); strings.TrimSpace(text) != "" {
			add = "print -rs -- " + quoted(text) + "\n"
		}
		return saveStatus + "{\n" +
			"[[ -z $__interplexer_option ]] || " + zshHistoryOption + "=$__interplexer_option\nunset __interplexer_option\n" +
			add + "} 2>/dev/null\n" +
			printToTTY(unhideInput+echoOf(command)+m.begin) + sendReport("begin", report) + restoreStatus
	}
	end := func([]string) string {
		return saveStatus + printToTTY(m.end) + sendReport(`"end $__interplexer"`, report) + restoreStatus
	}
	main := func(paths []string) string {
		return fmt.Sprintf(". %s\n", paths[1]) +
			unlessErrexit(command, paths[0], fmt.Sprintf("{ eval %s } always { . %s }", quoted(command+"\n"), paths[0]))
	}
	return []part{end, begin, main}
}
