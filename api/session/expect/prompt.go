package expect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// echoed takes the first typed line that a line ends with off it, behind what may
// be a prompt, and says how many of the typed lines come before what is next.
func echoed(line string, pending []typedLine) (rest string, n int) {
	for i, typed := range pending {
		if head, ok := strings.CutSuffix(line, typed.text); ok && isPrompt(head) {
			return head, i + 1
		}
	}
	return line, 0
}

// echoedInPart takes the longest beginning of a typed line off the end of a line.
func echoedInPart(line string, pending []typedLine) string {
	best := line
	for _, typed := range pending {
		for n := range typed.text {
			if n == 0 {
				continue
			}
			if n > len(line) {
				break
			}
			if head, ok := strings.CutSuffix(strings.TrimRight(line, " "), strings.TrimRight(typed.text[:n], " ")); ok && isPrompt(head) && len(head) < len(best) {
				best = head
			}
		}
	}
	return best
}

// behindPrompt reports whether a line ends with a typed one, behind what may be a
// prompt that shows something.
func behindPrompt(line string, typed []typedLine) bool {
	head, n := echoed(line, typed)
	return n > 0 && strings.TrimSpace(head) != ""
}

// isPrompt reports whether typed text may follow: nothing, or what does not end
// in the midst of a word.
func isPrompt(head string) bool {
	last, _ := utf8.DecodeLastRuneInString(head)
	return head == "" || !unicode.IsLetter(last) && !unicode.IsDigit(last)
}
