package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The functions of this file split and decode JSON that json.Valid has accepted
// and that is valid UTF-8. They run about as fast as memory is read: a paste may
// be a megabyte, and other requests wait for the processor.

const jsonSpace = " \t\r\n"

// kindOf returns the first byte of a JSON value, which identifies its type; 0 if
// there is none.
func kindOf(raw json.RawMessage) byte {
	raw = bytes.TrimLeft(raw, jsonSpace)
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

// jsonParts splits an array into its values, and an object into alternating names
// and values.
func jsonParts(raw json.RawMessage) []json.RawMessage {
	raw = bytes.Trim(raw, jsonSpace)
	raw = raw[1 : len(raw)-1]
	var parts []json.RawMessage
	depth, begin := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i += stringLength(raw[i:]) - 1
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',', ':':
			if depth == 0 {
				parts = append(parts, bytes.Trim(raw[begin:i], jsonSpace))
				begin = i + 1
			}
		}
	}
	if last := bytes.Trim(raw[begin:], jsonSpace); len(last) > 0 {
		parts = append(parts, last)
	}
	return parts
}

// stringLength returns the length of the JSON string at the start of raw, with
// its quotes.
func stringLength(raw []byte) int {
	n := 1
	for {
		n += bytes.IndexByte(raw[n:], '"') + 1
		before := raw[1 : n-1]
		backslashes := len(before) - len(bytes.TrimRight(before, `\`))
		if backslashes%2 == 0 {
			return n
		}
	}
}

// decodeText decodes a JSON value that should be a string. If it is not one, or
// has half of a surrogate pair, problem says so.
func decodeText(raw json.RawMessage) (text, problem string) {
	if kindOf(raw) != '"' {
		return "", "must be a string"
	}
	quoted := string(bytes.Trim(raw, jsonSpace))
	text, ok := unescape(quoted[1 : len(quoted)-1])
	if !ok {
		return "", "has half of a surrogate pair, which is no character"
	}
	return text, ""
}

// unescape decodes the part between the quotes. It is not ok if an escape such as
// \ud800 stands outside a pair.
func unescape(s string) (text string, ok bool) {
	var b strings.Builder
	for {
		before, after, escaped := strings.Cut(s, `\`)
		if !escaped && b.Len() == 0 {
			return s, true
		}
		b.WriteString(before)
		if !escaped {
			return b.String(), true
		}
		b.Grow(len(after)) // enough for the rest: decoding only shortens it
		unit, isUnit := escapedUnit(after)
		if !isUnit {
			b.WriteByte(escapes[after[0]])
			s = after[1:]
			continue
		}
		s = after[5:]
		if utf16.IsSurrogate(unit) {
			rest, found := strings.CutPrefix(s, `\`)
			second, isUnit := escapedUnit(rest)
			unit = utf16.DecodeRune(unit, second)
			if !found || !isUnit || unit == '\uFFFD' {
				return "", false
			}
			s = rest[5:]
		}
		b.WriteRune(unit)
	}
}

// escapes maps the character after a backslash to the byte that it stands for.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escapedUnit reads uXXXX, the part of an escape after the backslash.
func escapedUnit(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(n), err == nil
}
