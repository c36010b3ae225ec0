package expect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutTyped cuts a typed line off the end of a line of the pane, if only a possible
// prompt is before it. It takes the first of the typed lines that fits. n is the
// number of typed lines up to and with it; 0: none fits, and rest is the line.
func cutTyped(line string, typed []typedLine) (rest string, n int) {
	for i, t := range typed {
		if head, ok := strings.CutSuffix(line, t.text); ok && mayBePrompt(head) {
			return head, i + 1
		}
	}
	return line, 0
}

// cutTypedPart cuts the longest beginning of a typed line off the end of a line of
// the pane, if only a possible prompt is before it.
func cutTypedPart(line string, typed []typedLine) string {
	best := line
	for _, t := range typed {
		for n := range t.text {
			if n > len(line) {
				break
			}
			part := strings.TrimRight(t.text[:n], " ")
			head, ok := strings.CutSuffix(strings.TrimRight(line, " "), part)
			if n > 0 && ok && mayBePrompt(head) && len(head) < len(best) {
				best = head
			}
		}
	}
	return best
}

// isPromptWithTyped reports whether a line of the pane is a possible prompt, not
// blank, followed by a typed line.
func isPromptWithTyped(line string, typed []typedLine) bool {
	head, n := cutTyped(line, typed)
	return n > 0 && strings.TrimSpace(head) != ""
}

// mayBePrompt reports whether typed text may follow head: it is empty, or it does not
// end within a word.
func mayBePrompt(head string) bool {
	last, _ := utf8.DecodeLastRuneInString(head)
	return head == "" || !unicode.IsLetter(last) && !unicode.IsDigit(last)
}
