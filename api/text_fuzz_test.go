package api

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var (
	escapeForm = regexp.MustCompile(`(?s)\\u[0-9a-fA-F]{4}|\\?.`)
	unitForm   = regexp.MustCompile(`^\\u`)
)

// loneSurrogate is a plain way to find one: the \u escapes that follow one
// another are UTF-16, and do not survive being decoded when it is not whole.
func loneSurrogate(text string) bool {
	var run []uint16
	broken := func() bool {
		whole := slices.Equal(utf16.Encode(utf16.Decode(run)), run)
		run = run[:0]
		return !whole
	}
	for _, part := range escapeForm.FindAllString(text, -1) {
		if !unitForm.MatchString(part) || len(part) != 6 {
			if broken() {
				return true
			}
			continue
		}
		var unit uint16
		for _, c := range []byte(part[2:]) {
			digit := c - '0'
			if c > '9' {
				digit = c | 0x20 - 'a' + 10
			}
			unit = unit<<4 | uint16(digit)
		}
		run = append(run, unit)
	}
	return broken()
}

// FuzzText decodes any JSON string as encoding/json does, except for halves of
// surrogate pairs: encoding/json replaces them, and decodeText refuses them.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		`"a\n\u00e9\ud83d\udc4d"`, `"\ud83d"`, `"\udc4d\ud83d"`, `"\ud83d\ud83d\udc4d"`, `"\\ud83d"`, `"\ud83d\n\udc4d"`, `"\ud83d\\udc4d"`, `"\uD83D\uDC4D\ufffd"`, `1`, `"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) || !utf8.Valid(raw) {
			return // decodeText is for the parts of a valid object
		}
		raw = bytes.TrimSpace(raw)
		text, problem := decodeText(raw)
		if raw[0] != '"' {
			require.NotEmpty(t, problem)
			return
		}
		require.Equal(t, loneSurrogate(string(raw)), problem != "", "%s: %s", raw, problem)
		if problem == "" {
			var want string
			require.NoError(t, json.Unmarshal(raw, &want))
			require.Equal(t, want, text)
		}
	})
}

// FuzzObject takes the fields of any body. No field is taken for another, none is
// lost, and a body that encoding/json refuses is refused.
func FuzzObject(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"keys":"a","enter":false}`, `{"keys":["a","C-m"]}`, `{"a":"1","\u0061":"2"}`, `{"env":{"A":"1","B":"2"},"width":80}`, `{"a":null,"A":1e3}`, `[]`, `{"a":"\ud800"}`, `{"a":-0}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want map[string]json.RawMessage
		if !utf8.Valid(body) {
			return // it is refused before
		}
		valid := json.Unmarshal(body, &want) == nil
		o, err := parseObject(body)
		if err != nil {
			return
		}
		require.True(t, valid)
		require.Len(t, o.fields, len(want))
		for name := range want {
			checkField(t, body, name, want[name])
		}
		require.Equal(t, len(want) == 0, o.done() == nil, "what nobody takes is an error")
	})
}

// checkField takes one field as each kind of value. At most one kind fits, and gives
// the value that encoding/json gives.
func checkField(t *testing.T, body []byte, name string, raw json.RawMessage) {
	fits := 0
	take := func(as func(o *object)) {
		o, err := parseObject(body)
		require.NoError(t, err)
		as(o)
		require.NotContains(t, o.fields, name)
		if len(o.errors) == 0 {
			fits++
		}
	}
	var text string
	take(func(o *object) {
		if got := o.text(name); got != nil {
			require.NoError(t, json.Unmarshal(raw, &text))
			require.Equal(t, text, *got)
		}
	})
	take(func(o *object) {
		if got := o.texts(name); got != nil {
			var want []string
			require.NoError(t, json.Unmarshal(raw, &want))
			require.Equal(t, want, got)
		}
	})
	take(func(o *object) {
		got, err := o.dictionary(name)
		if err != nil { // a field of it twice
			o.fail(name, "twice")
		} else if got != nil && len(o.errors) == 0 {
			var want map[string]string
			require.NoError(t, json.Unmarshal(raw, &want))
			require.Equal(t, want, got)
		}
	})
	take(func(o *object) {
		if n := o.integer(name); n != 0 && len(o.errors) == 0 {
			var want int
			require.NoError(t, json.Unmarshal(raw, &want))
			require.Equal(t, want, n)
		}
	})
	take(func(o *object) { o.boolean(name) })
	if string(bytes.TrimSpace(raw)) != "null" {
		require.LessOrEqual(t, fits, 1, "%s", raw)
	}
}
