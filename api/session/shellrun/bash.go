package shellrun

import (
	"fmt"
	"path/filepath"
	"strings"

	"interplexer/controlmode/handover"
)

// promptHook is our element of PROMPT_COMMAND, the commands that bash runs before it
// shows a prompt.
const promptHook = "PROMPT_COMMAND[987654321]"

// bashParts are for bash. An interrupt of the command also ends the reading of the
// script. Then bash goes to its prompt, and from 5.1 on promptHook reports the end.
func bashParts(command string, m marks, report string) []part {
	begin := func(paths []string) string {
		hook := fmt.Sprintf("{ . %s; } 2>/dev/null || unset %s", paths[0], quoted(promptHook))
		return saveStatus + "{\n" +
			bashHistory(command, filepath.Dir(report)) +
			"if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] > 0)); then " +
			promptHook + "=" + quoted(hook) + "; fi\n" +
			"} 2>/dev/null\n" +
			printToTTY(unhideInput+echoOf(command)) +
			"jobs -n >/dev/tty 2>&1\n" + // else bash reports ended jobs amid the output
			printToTTY(m.begin) + sendReport("begin", report) + restoreStatus
	}
	end := func([]string) string {
		return saveStatus + "{\nunset " + quoted(promptHook) + "\n" +
			"((${#PROMPT_COMMAND[@]})) || unset PROMPT_COMMAND\n" +
			"} 2>/dev/null\n" +
			printToTTY(m.end) + sendReport(`"end $__interplexer"`, report) + restoreStatus
	}
	main := func(paths []string) string {
		return fmt.Sprintf(". %s\n", paths[1]) + unlessErrexit(command, paths[0], fmt.Sprintf("eval %s; . %s", quoted(command), paths[0]))
	}
	return []part{end, begin, main}
}

// bashHistory replaces the line that was typed, which reads a script in a folder, by
// the command in bash's history. It does so only if the history is on and holds that
// line.
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
