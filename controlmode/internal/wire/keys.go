package wire

import "unicode/utf8"

// maxHexKeys bounds the arguments of one send-keys -H: from 9,995 on, tmux's parser
// overflows its stack.
const maxHexKeys = 1000

// LiteralPrefix is the number of bytes at the start of s that send-keys -l types
// unchanged.
func LiteralPrefix(s string) int {
	n := 0
	for n < len(s) {
		size := literalSize(s[n:])
		if size == 0 {
			break
		}
		n += size
	}
	return n
}

// HexPrefix is the number of bytes at the start of s that need send-keys -H, up to
// its maximum.
func HexPrefix(s string) int {
	n := 0
	for n < len(s) && n < maxHexKeys && literalSize(s[n:]) == 0 {
		n++
	}
	return n
}

// literalSize is the size of the character at the start of s if send-keys -l types it
// unchanged: it is valid UTF-8 and no control character. Else it is 0.
func literalSize(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	if r < 0x20 || r == 0x7f || r == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}
