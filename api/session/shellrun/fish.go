package shellrun

import (
	"fmt"
	"regexp"
	"strings"
)

// fishPreface is what fish writes between the event and the command: the
// terminal's title, and the plain colours.
var fishPreface = regexp.MustCompile(`^(?:\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))*(?:\x1b\[30m)?(?:\x1b\(B)?(?:\x1b\[m)?\x0f?\r?`)

// fishParts hands the command to fish's own command line, which keeps it in the
// history; events tell when it begins and ends. What fish would not take there
// another fish is asked about, which tells the error.
func fishParts(command string, m marks, report string) []part {
	text := fishQuoted(strings.TrimSuffix(command, "\n"))
	say := func(text string) string { return "printf %s " + fishQuoted(text) + " >/dev/tty\n" }
	tell := func(what string) string {
		return fmt.Sprintf("begin; printf '%%s\\n' %s >>%s; end 2>/dev/null\n", what, report)
	}
	begins := say(reveal+shown(command)+m.begin) + tell("begin")
	ends := say(m.end) + tell(`"end $__interplexer"`)
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

// fishQuoted is text as one word of fish's.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
