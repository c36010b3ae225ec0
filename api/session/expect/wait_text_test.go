package expect_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
)

var (
	waitRounds  = flag.Int("wait-rounds", 20, "how many lines TestWaitRounds types into each shell")
	aheadRounds = flag.Int("ahead-rounds", 24, "how many lines TestWaitForWhatIsTypedAhead types into each shell")
)

// The pattern of each wait matches the echo of the typed line, too. The output is told
// from the echo by the time that only the shell can print.
func TestWaitRounds(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for _, sh := range sessiontest.Shells[:2] {
		t.Run(sh.Name, func(t *testing.T) {
			w := w.in(t)
			id := w.startsShell(sh.Command, 0, 0)
			if sh.Name == "zsh" {
				w.sends(id, "zmodload zsh/datetime; echo loaded", "loaded")
			}
			var late []time.Duration
			for n := range *waitRounds {
				got := w.sends(id, fmt.Sprintf("echo round%d $EPOCHREALTIME", n), fmt.Sprintf("round%d (.*)", n))
				answered := time.Now()
				at, err := strconv.ParseFloat(*got.Match.Groups[0], 64)
				require.NoError(t, err, "the echo was taken for the answer: %q", got.Match.Line)
				late = append(late, answered.Sub(time.UnixMicro(int64(at*1e6))))
			}
			slices.Sort(late)
			t.Logf("%d rounds: from the text to the answer p50 %s, p99 %s, most %s", len(late), late[len(late)/2], late[len(late)*99/100], late[len(late)-1])
		})
	}
}

// A shell may be starting, or busy, when a line is typed into it: the echo comes once
// or twice, before the prompt or behind it.
func TestWaitForAShell(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for _, sh := range sessiontest.Shells {
		t.Run(sh.Name, func(t *testing.T) {
			t.Parallel()
			w := w.in(t)
			for range 3 {
				id := w.startsShell(sh.Command, 0, 0)
				got := w.sends(id, "echo hello", "hello")
				require.NotContains(t, got.Match.Line, "echo", "%q", got.Screen) // dash's prompt may come before it
				require.True(t, strings.HasSuffix(got.Match.Line, "hello"), "%q", got.Screen)
				require.Equal(t, session.ConditionText, got.Condition)
				w.MustEnd(w.user, id)
			}
			id := w.startsShell(sh.Command, 40, 10)
			long := strings.Repeat("0123456789", 7) + "end" // wraps
			for round, test := range []struct{ line, text, want string }{
				{"echo done; sleep 0.1; echo done", "done", "done"},
				{"printf 'a\\n\\nb\\n'", "b$", "b"},
				{"echo " + long, "end", long},
				{"seq 30; echo last", "last", "last"},
				{"clear; echo cleared", "cleared", "cleared"},
				{`printf '\033[H\033[2Jhome\n'`, "home", "home"},
				{`printf '\033creset\n'`, "reset", "reset"},
				{`printf '\033[3J\033[H\033[2Jthree\n'`, "three", "three"},
				{"sleep 0.2", `[$%>#] $`, ""},
				{"echo one\necho two", "two", "two"},
				{"sleep 0.2\necho three", "three", "three"},
				{"cat <<E\ninside\nE", "inside", "inside"},
			} {
				if strings.Contains(test.line, "<<") && sh.Name == "fish" {
					continue // it has none
				}
				got := w.sends(id, test.line, test.text)
				if test.want == "" {
					require.Regexp(t, test.text, got.Match.Line)
					continue
				}
				// dash shows its prompt before it reads, and nothing of what it reads.
				require.Equal(t, test.want, strings.TrimLeft(got.Match.Line, "#> "), "round %d: %q\n%s", round, test.line, got.Screen)
			}
		})
	}
}

// An answer that repeats the typed line counts, however much is printed before it.
func TestWaitForWhatComesBehindMuch(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.starts("bash", "-c", "while read -rep '> ' x; do seq 100; sleep 0.1; echo \"$x\"; done")
	for n := range 5 {
		word := fmt.Sprintf("hello%d", n)
		require.Equal(t, word, w.sends(id, word, "^"+word+"$").Match.Line)
	}
}

// When a program clears the screen and then prints much, its first line is found.
func TestWaitForAllBehindAClearing(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for range 5 {
		id := w.startsShell(sessiontest.Bash, 0, 0)
		w.sends(id, `echo 'left over'`, "^left")
		got := w.sends(id, `printf '\033[H\033[2J\033[3J'; seq -f 'number %g over' 1000`, `number 5\d over|left over$`)
		require.Equal(t, "number 50 over", got.Match.Text)
	}
}

// A line is found that comes and goes while the screen scrolls without a rest.
func TestWaitForWhatScrollsBy(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for begin, want := range map[string]string{
		"":                                "^number 5 over$",
		`printf '\033[H\033[2J\033[3J'; `: "^number 5 over$",
		// Nondeterminism: where this text began is known only when tmux has reported
		// all of it, which may be after the first of these lines were seen.
		`printf '\033[3J\033[H\033[2J'; `: "^number [5-9] over$",
	} {
		t.Run(begin, func(t *testing.T) {
			w := w.in(t)
			for range 5 {
				id := w.startsShell(sessiontest.Bash, 0, 0)
				w.sends(id, `echo 'left over'`, "^left")
				got := w.sends(id, begin+`for i in {1..1900}; do echo "number $i over"; done`, `number [5-9] over|left over$`)
				require.Regexp(t, want, got.Match.Text)
				w.MustEnd(w.user, id)
			}
		})
	}
}

// The other screen is cleared, and left, and then the history.
func TestWaitForWhatClearsAfterAPicture(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.starts("sh", "-c", "stty -echo; while :; do seq 10; printf '\\033[?1049h\\033[Hpicture'; read x; printf '\\033[?1049l\\033[H\\033[2J\\033[3Jdone\\n'; read x; done")
	for range 5 {
		w.waits(id, session.WaitOptions{Text: "picture"})
		require.Equal(t, "done", w.sends(id, "q", "done").Match.Line)
		w.TypeLine(w.user, id, "again")
	}
}

// A line that is typed while a shell turns from one line to the next is shown by the
// terminal or by the shell, or by both.
func TestWaitForWhatIsTypedAhead(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for _, sh := range sessiontest.Shells {
		if sh.Name == "dash" || sh.Name == "busybox" { // which have no events of reading (bracketed paste)
			continue
		}
		t.Run(sh.Name, func(t *testing.T) {
			w := w.in(t)
			id := w.startsShell(sh.Command, 0, 0)
			for round := range *aheadRounds {
				w.TypeLine(w.user, id, "sleep 0.01")
				for range round % 8 { // which takes a while
					w.MustGet(w.user, id)
				}
				got := w.sends(id, fmt.Sprintf("echo one%d\necho two%d", round, round), "two")
				assert.Equal(t, fmt.Sprintf("two%d", round), got.Match.Line, "round %d\n%s", round, got.Screen)
			}
		})
	}
}

// Text that comes after a clearing is found, whatever was on the screen and in the
// history before.
func TestWaitForWhatClears(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for _, clearing := range []string{
		`\033[H\033[2J\033[3J`, // clear(1)
		`\033[3J\033[H\033[2J`,
		`\033[H\033[2J`,
		`\033[H\033[J`,
		`\033[H\033[0J\033[3J`,
		`\033c`,
	} {
		t.Run(clearing, func(t *testing.T) {
			w := w.in(t)
			id := w.startsShell([]string{"sh", "-c", "stty -echo; echo ready; while read -r x; do printf \"$x\"; done"}, 40, 6)
			w.waits(id, session.WaitOptions{Text: "ready"})
			for before := range 14 {
				word := fmt.Sprintf("cleared%d", before)
				got := w.sends(id, strings.Repeat(`x\n`, before)+clearing+word+`\n`, word)
				require.Contains(t, got.Match.Line, word)
			}
		})
	}
}

// An answer that is the same text as the typed line is told from the echo.
func TestWaitForWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.starts("cat")
	for n := range 14 {
		got := w.sends(id, "hello", "hello")
		require.Equal(t, "hello", got.Match.Line)
		require.Equal(t, min(2*n+1, 22), got.Match.Number, "the second of them")
	}
	w.sends(w.starts("cat", "-n"), "hello", "1\thello|1  hello")
	editor := w.starts("bash", "-c", "while read -rep '> ' x; do echo \"$x\"; done")
	for n := range 5 { // what answers what was typed turns the terminal over and over
		word := fmt.Sprintf("hello%d", n)
		require.Equal(t, word, w.sends(editor, word, word).Match.Line)
	}
	silent := w.starts("sh", "-c", "stty -echo; echo ready; exec cat")
	w.waits(silent, session.WaitOptions{Text: "ready"})
	require.Equal(t, 1, w.sends(silent, "hello", "hello").Match.Number)
}

// A line editor takes the terminal over at any time about the typing: the terminal
// itself has shown what was typed, or it has not.
func TestWaitForAnEditorThatStarts(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	for range 60 {
		id := w.starts("bash", "-c", "while read -rep '> ' x; do echo \"$x\"; done")
		require.Equal(t, "hello", w.sends(id, "hello", "hello").Match.Line)
		w.MustEnd(w.user, id)
	}
}

// When the history is full, tmux drops some of it: places move.
func TestWaitWithAFullHistory(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.startsShell(sessiontest.Bash, 0, 0)
	w.sends(id, "seq 2100; echo full", "full")
	for n := range 30 {
		line := fmt.Sprintf("seq 50; echo answer%d", n)
		got := w.sends(id, line, fmt.Sprintf("answer%d", n))
		require.Equal(t, fmt.Sprintf("answer%d", n), got.Match.Line, got.Screen)
	}
	got := w.sends(id, "seq 5000; echo flood", "flood")
	require.Equal(t, "flood", got.Match.Line)
}

// A line that has scrolled by is found.
func TestWaitForWhatScrolls(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.startsShell(sessiontest.Bash, 0, 0)
	got := w.sends(id, "echo needle; seq 500", "needle")
	require.Equal(t, "needle", got.Match.Line)
	require.Less(t, got.Match.Number, 24)
}

// The text is that of the screen that the program shows, the other one or the main one.
func TestWaitForPictures(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.startsShell(sessiontest.Bash, 0, 0)
	w.sends(id, `echo old; printf '\033[?1049h\033[Hnew'; read x; printf '\033[?1049l'; echo back`, "^new$")
	nothing, blank := "", " "
	_, err := w.looks(id, session.WaitOptions{Text: "old", Send: &session.Input{Text: &nothing}})
	require.Contains(t, timedOut(t, err), "new")
	require.Equal(t, "back", w.sends(id, "", "back").Match.Line)
	_, err = w.asks(id, session.WaitOptions{Text: "old", Timeout: 200 * time.Millisecond, Send: &session.Input{Text: &blank}})
	timedOut(t, err)
}
