package wire

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// ErrNUL: the text holds a NUL byte. tmux's arguments are C strings and cannot carry
// one.
var ErrNUL = errors.New("controlmode: NUL byte in an argument")

// AppendQuoted appends s to dst as one argument of a tmux command line, so that
// tmux's parser gives back exactly s. User text must not enter a command in any other
// way. It fails with ErrNUL.
//
// It writes double quotes with octal escapes, because single quotes cannot carry
// every byte: tmux's parser takes a raw 0xff for the end of its input.
func AppendQuoted(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = appendOctal(dst, c)
			} else {
				dst = append(dst, s[i:i+size]...)
			}
			i += size
			continue
		}
		switch {
		case c == 0:
			return nil, ErrNUL
		case c < 0x20, c == 0x7f, c == '\\', c == '"', c == '$', c == '~':
			dst = appendOctal(dst, c)
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"'), nil
}

func appendOctal(dst []byte, c byte) []byte {
	return append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
}

// EscapeFormat writes s so that tmux's format expansion gives back s. An argument
// that tmux expands (new-session -c, rename-window, …) would otherwise run #(cmd) in
// a shell.
//
// Every run of # is doubled except one before [, which tmux leaves alone: #[ starts a
// style, and styles are applied when text is drawn, not expanded.
func EscapeFormat(s string) string {
	if !strings.Contains(s, "#") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '#' {
			b.WriteByte(s[i])
			i++
			continue
		}
		end := i
		for end < len(s) && s[end] == '#' {
			end++
		}
		run := s[i:end]
		b.WriteString(run)
		if end == len(s) || s[end] != '[' {
			b.WriteString(run)
		}
		i = end
	}
	return b.String()
}
