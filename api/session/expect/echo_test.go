package expect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func line(text string) session.Input { return session.Input{Line: &text} }

func TestDisplay(t *testing.T) {
	t.Parallel()
	text, raw := "a\tb\r", []byte("\x1b[A\x7f\xff")
	for _, test := range []struct {
		in   session.Input
		want string
	}{
		{line("echo é"), "echo é\n"},
		{session.Input{Line: &text, NoEnter: true}, "a\tb\n"},
		{session.Input{Text: &text}, "a\tb\n"},
		{session.Input{Paste: &text}, "a\tb\n"},
		{session.Input{Raw: raw}, "\x1b[A\x00\uFFFD"},
		{session.Input{Keys: []string{"C-c", "make", "Space", "all", "Enter"}}, "\x00make all\n"},
		{session.Input{Keys: []string{"C-foo", "Up", "F12", "F1x", "M-x", "x", "C-Up", "0x41", "kpenter", "Foo", "C-"}}, "C-foo\x00\x00F1x\x00x\x00\x00\nFooC-"},
	} {
		require.Equal(t, test.want, string(display(test.in)), "%+v", test.in)
	}
}

// notEcho is the text of a screen without the echo. The typing began behind the text
// before "|" on the first line.
func notEcho(e *echo, text string, columns int, h echoMode) string {
	before, text, _ := strings.Cut(text, "|")
	lines := strings.Split(text, "\n")
	a := e.removeFrom(lines, len(before), columns, len(lines)-1, h)
	var rest []string
	for i, line := range a.lines {
		if !a.isEcho[i] {
			rest = append(rest, line)
		}
	}
	return strings.Join(rest, "\n")
}

func TestEcho(t *testing.T) {
	t.Parallel()
	keys := func(keys ...string) session.Input { return session.Input{Keys: keys} }
	for name, test := range map[string]struct {
		in      session.Input
		text    string
		want    string
		twice   bool
		editing bool
		columns int
	}{
		"a shell":                           {in: line("echo hello"), text: "$ |echo hello\nhello\n$ ", want: "hello\n$ "},
		"nothing yet":                       {in: line("echo hello"), text: "$ |", want: ""},
		"a part":                            {in: line("echo hello"), text: "$ |echo hel", want: ""},
		"all":                               {in: line("echo hello"), text: "$ |echo hello", want: ""},
		"all, and Enter":                    {in: line("echo hello"), text: "$ |echo hello\n", want: ""},
		"the same again":                    {in: line("hello"), text: "|hello\nhello\n", want: "hello\n"},
		"the same again without Enter":      {in: keys("hello"), text: "|hello", want: ""},
		"again and again":                   {in: line("echo done; sleep 1; echo done"), text: "$ |echo done; sleep 1; echo done\ndone\ndone", want: "done\ndone"},
		"no echo":                           {in: line("echo hello"), text: "|world\n", want: "world\n"},
		"a line more":                       {in: line("x"), text: "|x\n\n\ny", want: "\n\ny"},
		"blanks at the end":                 {in: line("x  "), text: "|x\ny", want: "y"},
		"blanks that fill a row":            {in: line("0  \n0"), text: " |0\n\n\n0\nx", want: "x", columns: 2},
		"wrapped and joined":                {in: line("0123456789"), text: "$ |0123456789\nx", want: "x", columns: 4},
		"wrapped by the program":            {in: line("0123456789"), text: "$ |01\n2345\n6789\nx", want: "x", columns: 4},
		"wrapped in part":                   {in: line("0123456789"), text: "$ |01\n23", want: "", columns: 4},
		"wide":                              {in: line("漢字xyz"), text: "$ |漢字\nxyz\nok", want: "ok", columns: 6},
		"right prompt":                      {in: line("x"), text: "$ |x       [12:00]\ny", want: "       [12:00]\ny"},
		"two lines at once":                 {in: line("a\nb"), text: "$ |a\nb\n1\n2", want: "1\n2"},
		"two lines by an editor":            {in: line("echo a\necho b"), text: "$ |echo a\na\n$ echo b\nb\n$ ", want: "a\n$ \nb\n$ ", editing: true},
		"the second in part":                {in: line("echo a\necho b"), text: "$ |echo a\na\n$ echo", want: "a\n$ ", editing: true},
		"here-document":                     {in: line("cat <<E\nhello\nE"), text: "$ |cat <<E\n> hello\n> E\nhello\n$ ", want: "> \n> \nhello\n$ ", editing: true},
		"a prompt that begins as the typed": {in: line("cat <<E\nhere\nE"), text: "$ |cat <<E\nheredoc> here\nheredoc> E\nhere\n$ ", want: "heredoc> \nheredoc> \nhere\n$ ", editing: true},
		"before the prompt":                 {in: line("echo hello"), text: "|$ echo hello\nhello\n$ ", want: "$ \nhello\n$ ", editing: true},
		"before the prompt, in part":        {in: line("echo hello"), text: "|$ echo hel", want: "$ ", editing: true},
		"twice":                             {in: line("echo hello"), text: "|echo hello\n$ echo hello\nhello\n$ ", want: "$ \nhello\n$ ", twice: true, editing: true},
		"twice, the second in part":         {in: line("echo hello"), text: "|echo hello\n$ echo he", want: "$ ", twice: true, editing: true},
		"twice without a prompt":            {in: line("echo hello"), text: "|echo hello\necho hello\nhello", want: "hello", twice: true, editing: true},
		"twice, behind output":              {in: line("echo hello"), text: "|$ sleep 1\necho hello\n$ echo hello\nhello\n$ ", want: "$ sleep 1\n$ \nhello\n$ ", twice: true, editing: true},
		"twice, in two pieces":              {in: line("echo a\necho b"), text: "|echo a\nout\necho b\n$ echo a\na\n$ echo b\nb\n$ ", want: "out\n$ \na\n$ \nb\n$ ", twice: true, editing: true},
		"a terminal, behind output":         {in: line("hello"), text: "|out\nhello\nhello\n", want: "out\nhello\n", twice: true},
		"a terminal, behind output in part": {in: line("hello"), text: "|out\n10% hel", want: "out\n10% ", twice: true},
		"cat -n":                            {in: line("hello"), text: "|hello\n     1  hello", want: "     1  hello", twice: true},
		"a shell's set -x":                  {in: line("echo hello"), text: "$ |echo hello\n+ echo hello\nhello", want: "+ echo hello\nhello", editing: true},
		"a word that ends as the typed":     {in: line("true\ny"), text: "$ |true\nfactory\n$ ", want: "factory\n$ ", editing: true},
		"interrupted":                       {in: keys("C-c", "make", "Enter"), text: "$ |^C\n$ make\nmade", want: "$ \nmade", editing: true},
		"an interrupt that is not seen":     {in: keys("C-c", "make", "Enter"), text: "$ |make\nmade", want: "made"},
		"escape sequences":                  {in: session.Input{Raw: []byte("\x1b[Ax\r")}, text: "|^[[Ax\nok", want: "ok"},
		"tabs":                              {in: line("a\tb"), text: "$ |a     b\nok", want: "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			columns := test.columns
			if columns == 0 {
				columns = 80
			}
			require.Equal(t, test.want, notEcho(newEcho(display(test.in)), test.text, columns, echoMode{test.editing, test.twice}))
		})
	}
}

// Whatever part of the echo is shown, and however a program wraps it, none of it
// is taken for an answer.
func FuzzEchoInParts(f *testing.F) {
	f.Add("echo hello", uint8(3), uint8(7))
	f.Add("漢字 x\ny", uint8(0), uint8(4))
	f.Fuzz(func(t *testing.T, typed string, column, columns uint8) {
		typed = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' || r == 0x7f || r != '\n' && width(string(r)) == 0 {
				return 'x'
			}
			return r
		}, strings.ToValidUTF8(typed, "?"))
		wide := int(columns) + 2
		var shown strings.Builder
		at := int(column) % wide
		in := line(typed)
		before := strings.Repeat(" ", at)
		for _, r := range typed {
			w := width(string(r))
			switch {
			case r == '\n':
				at = 0
			case at+w > wide:
				return // a wide one that does not fit leaves a cell: tmux joins such lines itself
			default:
				at += w
			}
			shown.WriteRune(r)
			if at == wide && r != '\n' { // the program wraps
				shown.WriteByte('\n')
				at = 0
			}
			lines := strings.Split(shown.String(), "\n")
			for i := range lines {
				lines[i] = strings.TrimRight(lines[i], " ")
			}
			require.Empty(t, strings.TrimSpace(notEcho(newEcho(display(in)), before+"|"+strings.Join(lines, "\n"), wide, echoMode{})))
		}
	})
}
