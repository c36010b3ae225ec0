package shellrun

import (
	"fmt"
	"regexp"
	"strings"
)

// fishPreface matches the output that fish itself writes between fish_preexec and the
// command: the terminal's title, and a reset of the colours.
var fishPreface = regexp.MustCompile(`^(?:\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))*(?:\x1b\[30m)?(?:\x1b\(B)?(?:\x1b\[m)?\x0f?\r?`)

// fishParts puts the command into fish's own command line, so that fish keeps it in its
// history. The events fish_preexec and fish_postexec report when it begins and ends. A
// command that is not valid there is given to another fish, which prints the error.
func fishParts(command string, m marks, report string) []part {
	text := fishQuoted(strings.TrimSuffix(command, "\n"))
	printToTTY := func(text string) string { return "printf %s " + fishQuoted(text) + " >/dev/tty\n" }
	sendReport := func(word string) string {
		return fmt.Sprintf("begin; printf '%%s\\n' %s >>%s; end 2>/dev/null\n", word, report)
	}
	begins := printToTTY(unhideInput+echoOf(command)+m.begin) + sendReport("begin")
	ends := printToTTY(m.end) + sendReport(`"end $__interplexer"`)
	main := func([]string) string {
		return "set -l __interplexer_before $status\n" +
			"commandline -r -- " + text + "\n" +
			"if commandline --is-valid\n" +
			"function __interplexer_begin --on-event fish_preexec\n" +
			"functions -e __interplexer_begin\n" +
			"function __interplexer_end --on-event fish_postexec\n" +
			"set -l __interplexer $status\nfunctions -e __interplexer_end\n" + ends + "end\n" +
			begins + "end\n" +
			"commandline -f execute\n" +
			"else\n" +
			"commandline -r ''\n" + begins +
			"set -l __interplexer (status fish-path)\n" +
			"printf '%s\\n' " + text + " | command $__interplexer --no-execute\n" +
			"set __interplexer $status\n" + ends +
			"set __interplexer_before $__interplexer\n" +
			"end\n" +
			"return $__interplexer_before\n"
	}
	return []part{main}
}

// fishQuoted quotes text as one word for fish.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
