package expect

import (
	"slices"
	"strings"
	"unicode/utf8"

	"interplexer/api/session"
)

// keyBreak stands for a key that shows no text of its own. After it a program may
// show anything.
const keyBreak = 0

// display is an input in the form in which a program echoes it: \n for Enter, and
// keyBreak or the control character for keys that are not text.
func display(in session.Input) (shown []rune) {
	switch {
	case in.Line != nil:
		shown = textDisplay(*in.Line)
		if !in.NoEnter {
			shown = append(shown, '\n')
		}
	case in.Keys != nil:
		for _, key := range in.Keys {
			shown = append(shown, keyDisplay(key)...)
		}
	case in.Text != nil:
		shown = textDisplay(*in.Text)
	case in.Paste != nil:
		shown = textDisplay(*in.Paste)
	default:
		shown = textDisplay(string(in.Raw))
	}
	return shown
}

// textDisplay is the display of text. Carriage returns and newlines are both Enter.
func textDisplay(text string) []rune {
	shown := []rune(strings.ReplaceAll(text, "\r", "\n"))
	for i, r := range shown {
		if r == 0x7f || r == '\b' {
			shown[i] = keyBreak
		}
	}
	return shown
}

// namedKeys are tmux's names of keys, in lower case, without those of function keys
// and of the keypad.
var namedKeys = strings.Fields("any bspace btab dc delete down end escape home ic insert left npage pagedown pgdn pageup pgup ppage right tab up")

// keyDisplay is the display of an element of Keys, which is the name of a key or
// text.
func keyDisplay(key string) []rune {
	switch lower := strings.ToLower(key); {
	case slices.Contains([]string{"enter", "c-m", "c-j", "^m", "^j", "kpenter"}, lower):
		return []rune{'\n'}
	case lower == "space":
		return []rune{' '}
	case isKey(lower):
		return []rune{keyBreak}
	}
	return textDisplay(key)
}

// isKey reports whether tmux has a key of that name; name is in lower case.
func isKey(name string) bool {
	for _, modifier := range []string{"c-", "m-", "s-", "^"} {
		if rest, ok := strings.CutPrefix(name, modifier); ok && rest != "" {
			return utf8.RuneCountInString(rest) == 1 || rest == "enter" || rest == "space" || isKey(rest)
		}
	}
	digits := strings.TrimLeft(name, "0123456789")
	switch {
	case slices.Contains(namedKeys, name):
		return true
	case strings.HasPrefix(name, "f") && len(name) > 1 && name[1] != '0':
		return strings.TrimLeft(name[1:], "0123456789") == "" && len(name) <= 3
	case strings.HasPrefix(name, "kp") && len(name) > 2:
		return true
	}
	return digits != name && strings.HasPrefix(name, "0x")
}

// typedLines splits a display at its Enters and other keys, and leaves out blank
// lines.
func typedLines(display []rune) (lines []typedLine) {
	begin := 0
	for i := range len(display) + 1 {
		if i < len(display) && (display[i] >= ' ' || display[i] == '\t') {
			continue
		}
		text := strings.TrimRight(string(display[begin:i]), " \t")
		if strings.TrimSpace(text) != "" {
			lines = append(lines, typedLine{text: text, end: i})
		}
		begin = i + 1
	}
	return lines
}

// typedLine is one line of the typed text.
type typedLine struct {
	text string
	end  int // its end in the display
}
