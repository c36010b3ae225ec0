package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
)

// decodeText decodes a JSON string, or says what is wrong with it.
func decodeText(raw json.RawMessage) (text, problem string) {
	if kindOf(raw) != '"' {
		return "", "must be a string"
	}
	if hasLoneSurrogate(string(raw)) {
		return "", "has half of a surrogate pair, which is no character"
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", "must be a string"
	}
	return text, ""
}

// hasLoneSurrogate looks for an escape such as \ud800 outside a pair in a
// valid JSON string.
func hasLoneSurrogate(s string) bool {
	for {
		_, after, found := strings.Cut(s, `\`)
		if !found {
			return false
		}
		first, ok := escapedUnit(after)
		if !ok {
			s = after[1:] // a valid string never ends in a backslash
			continue
		}
		s = after[5:]
		if !utf16.IsSurrogate(first) {
			continue
		}
		rest, found := strings.CutPrefix(s, `\`)
		second, ok := escapedUnit(rest)
		if !found || !ok || utf16.DecodeRune(first, second) == '\uFFFD' {
			return true
		}
		s = rest[5:]
	}
}

// escapedUnit reads what follows a backslash as uXXXX.
func escapedUnit(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(n), err == nil
}
