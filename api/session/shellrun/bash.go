package shellrun

import (
	"fmt"
	"path/filepath"
	"strings"

	"interplexer/controlmode/handover"
)

// promptHook is the place of ours in bash's list of commands before a prompt.
const promptHook = "PROMPT_COMMAND[987654321]"

// bashParts: an interrupted command ends the reading of the script, too; that
// bash then goes to its prompt tells it, from 5.1 on.
func bashParts(command string, m marks, report string) []part {
	begin := func(paths []string) string {
		hook := fmt.Sprintf("{ . %s; } 2>/dev/null || unset %s", paths[0], quoted(promptHook))
		return keepStatus + "{\n" +
			bashHistory(command, filepath.Dir(report)) +
			"if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] > 0)); then " +
			promptHook + "=" + quoted(hook) + "; fi\n" +
			"} 2>/dev/null\n" +
			say(reveal+shown(command)) +
			"jobs -n >/dev/tty 2>&1\n" + // what it would else tell amidst the output
			say(m.begin) + tell("begin", report) + giveStatus
	}
	end := func([]string) string {
		return keepStatus + "{\nunset " + quoted(promptHook) + "\n" +
			"((${#PROMPT_COMMAND[@]})) || unset PROMPT_COMMAND\n" +
			"} 2>/dev/null\n" +
			say(m.end) + tell(`"end $__interplexer"`, report) + giveStatus
	}
	main := func(paths []string) string {
		return fmt.Sprintf(". %s\n", paths[1]) + unlessStrict(command, paths[0], fmt.Sprintf("eval %s; . %s", quoted(command), paths[0]))
	}
	return []part{end, begin, main}
}

// bashHistory replaces the line that was typed, which reads a script in a folder,
// by the command, where bash keeps what is typed and has kept that line.
func bashHistory(command, folder string) string {
	text := strings.TrimSuffix(command, "\n")
	add := "history -s -- " + quoted(text) + "\n"
	ignored := add
	if strings.HasPrefix(text, " ") {
		ignored = ""
	}
	return "if shopt -qo history; then case :$HISTCONTROL: in *:ignorespace:*|*:ignoreboth:*) " + ignored + " ;; *)\n" +
		"if [[ -z $HISTIGNORE || $(history 1) == *" + quoted(" . "+filepath.Join(folder, handover.Prefix)) + "* ]]; then history -d -1; fi\n" +
		add + ";; esac; fi\n"
}
