package wire

import (
	"bytes"
	"fmt"
)

// DecodeVis undoes the vis(3) encoding of show-buffer up to tmux 3.3a, in place:
// VIS_OCTAL and VIS_CSTYLE, and a backslash before a $ that could start a variable.
func DecodeVis(text []byte) ([]byte, error) {
	first := bytes.IndexByte(text, '\\')
	if first < 0 {
		return text, nil
	}
	out := text[:first]
	for i := first; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		if i+3 < len(text) && isOctal(text[i+1:i+4]) {
			out = append(out, (text[i+1]-'0')<<6|(text[i+2]-'0')<<3|(text[i+3]-'0'))
			i += 3
			continue
		}
		i++
		if i == len(text) {
			return nil, fmt.Errorf("%w: show-buffer ends in a backslash", ErrProtocol)
		}
		c, ok := visEscapes[text[i]]
		if !ok {
			return nil, fmt.Errorf("%w: show-buffer wrote the escape \\%c", ErrProtocol, text[i])
		}
		out = append(out, c)
	}
	return out, nil
}

// visEscapes are the two-character escapes of vis(3) with VIS_CSTYLE.
var visEscapes = map[byte]byte{
	'\\': '\\', '$': '$', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n',
	'r': '\r', 's': ' ', 't': '\t', 'v': '\v', '0': 0,
}
