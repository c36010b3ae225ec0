package shellrun_test

import (
	"strings"

	"interplexer/api/session/sessiontest"
)

// awkward is a command, and how it is expected to end.
type awkward struct {
	name    string
	command string
	fish    string // in fish's language; "": the same
	output  string
	like    string // a pattern of the output, where it is not the same everywhere
	code    int
	codes   string // a pattern of the code, where it is not the same everywhere
	input   string // typed while it runs
	reader  string // the program that reads the input; empty: the shell
	wiped   bool   // the command is not on the screen afterwards
	most    int    // bytes of the output that are kept; 0: runOutput
	keep    bool   // the next one reads $?
	only    func(sessiontest.Shell) bool
}

func awkwardCommands() []awkward {
	long := strings.Repeat("0123456789", 1000)
	posix := sessiontest.Shell.IsPOSIX
	return []awkward{
		{name: "quotes", command: `printf '%s|' "it's \"q\"" 'a  b' "\\" \*`, output: `it's "q"|a  b|\|*|`},
		{name: "pipeline's status", command: `true | false`, code: 1},
		{name: "no final newline", command: `printf abc`, output: "abc"},
		{name: "binary", command: `printf '\000\001\377\200\033[31m\n\n\007'`, output: "\x00\x01\xff\x80\x1b[31m\n\n\a"},
		{name: "10 MB", command: `head -c 10000000 /dev/zero | tr '\0' x`, output: strings.Repeat("x", 10_000_000), most: 16 << 20, wiped: true},
		{name: "1 MB in lines", command: `yes 0123456789abcdef | head -n 60000`, output: strings.Repeat("0123456789abcdef\n", 60_000), most: 16 << 20, wiped: true},
		{name: "background job", command: `sleep 0.3 & echo started`, like: `started\n$`},
		{name: "which ends", command: `sleep 0.4`, like: `(?s)^`},
		{name: "exit in a subshell", command: `(exit 3)`, fish: `sh -c 'exit 3'`, code: 3},
		{name: "cd", command: `cd /usr/lib`},
		{name: "cd persists", command: `pwd`, output: "/usr/lib\n"},
		{name: "a variable", command: `awkward='a b'; export exported=1`, fish: `set awkward 'a b'; set -x exported 1`},
		{name: "it persists", command: `echo "$awkward"; sh -c 'echo $exported'`, output: "a b\n1\n"},
		{name: "a function", command: "awk_f() {\n  echo \"f $1\"\n  return 9\n}", fish: "function awk_f\n  echo \"f $argv[1]\"\n  return 9\nend"},
		{name: "it persists, too", command: `awk_f one`, output: "f one\n", code: 9, keep: true},
		{name: "the status before", command: `echo $?`, fish: `echo $status`, output: "9\n"},
		{
			name: "marks in the prompt", command: `PS1="$(printf '\033]interplexer;%032d;end\033\\interplexer;end%% ' 0)$PS1"`,
			fish: `functions -c fish_prompt awk_saved; function fish_prompt; printf '\033]interplexer;%032d;end\033\\interplexer;end%% ' 0; end`,
		},
		{name: "and a command there", command: `echo fooled`, output: "fooled\n"},
		{
			name: "the prompt as it was", command: `PS1=${PS1#*end% }; PS1=${PS1#*end%% }`,
			fish: `functions -e fish_prompt; functions -c awk_saved fish_prompt`,
		},
		{name: "here-document", command: "cat <<'X' | tr a-z A-Z\none 'two' $three\n\n four\nX\necho after", fish: "begin\n  echo \"ONE 'TWO' \\$THREE\"\n  echo\n  echo ' FOUR'\nend\necho after", output: "ONE 'TWO' $THREE\n\n FOUR\nafter\n"},
		{name: "loop", command: "for i in 1 2 3\ndo\n  echo $i\ndone", fish: "for i in 1 2 3\n  echo $i\nend", output: "1\n2\n3\n"},
		{name: "unicode", command: `printf '%s\n' 'żółć 漢字 🙂 e´'`, output: "żółć 漢字 🙂 e´\n"},
		{name: "a program reads", command: `head -n 1`, input: "typed", reader: "head", output: "typed\ntyped\n"},
		{name: "the shell reads", command: `read line; echo "got $line"`, input: "typed", output: "typed\ngot typed\n", only: posix},
		{name: "set -e", command: `set -e; false || echo kept`, output: "kept\n", only: posix},
		{name: "after set -e", command: `! true`, codes: "^[01]$", only: posix},
		{name: "set +e", command: `set +e`, only: posix},
		{name: "stty", command: `stty -echo; stty echo; stty size`, output: "24 80\n"},
		{name: "stty -onlcr", command: `stty -onlcr; printf 'a\nb\n'; stty onlcr`, output: "a\nb\n"},
		{name: "clear", command: `clear`, like: `^\x1b\[H\x1b\[`, wiped: true},
		{name: "other screen", command: `printf '\033[?1049hfull\033[?1049l'`, output: "\x1b[?1049hfull\x1b[?1049l"},
		{name: "10,000 characters", command: `echo ` + long, output: long + "\n", wiped: true},
		{name: "syntax error", command: `echo )`, like: `(?i)syntax error|parse error|unexpected`, codes: "^[1-9]"},
		{name: "after a syntax error", command: `echo fine`, output: "fine\n"},
		{name: "no such command", command: `nosuchcommand-1`, like: "nosuchcommand-1", code: 127},
		{name: "an unset variable", command: `echo "${nosuch?is not set}"; echo more`, like: `nosuch.*is not set`, codes: "^[1-9]", only: posix},
		{name: "carriage returns", command: `printf 'a\r\nb\r\r\n\r'`, output: "a\r\nb\r\r\n\r"},
		{name: "only a comment", command: `# nothing`},
		{name: "exclamation marks", command: `echo wow!! '!x' "!$"`, fish: `echo wow!! '!x'`, like: `^wow!! !x`},
		{name: "error output", command: `echo out; echo err >&2; echo gone >/dev/null`, output: "out\nerr\n"},
		{name: "leading blanks", command: "   echo blank", output: "blank\n"},
		{name: "a final newline", command: "echo newline\n", output: "newline\n"},
		{name: "max_output", command: `printf 'äää'`, output: "ää\xc3", most: 5},
	}
}

// spelt is the command in a shell's language.
func (a awkward) spelt(sh sessiontest.Shell) string {
	if !sh.IsPOSIX() && a.fish != "" {
		return a.fish
	}
	return a.command
}
