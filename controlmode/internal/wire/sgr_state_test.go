package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLastLines(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"a\nb\nc\n", 2, "b\nc\n"},
		{"a\nb\n", 2, "a\nb\n"},
		{"a\nb\n", 3, "a\nb\n"},
		{"", 1, ""},
		{"a\n\n\n", 1, "\n"},
		{"\x1b[31ma\n\x1b[1mb\n", 1, "\x1b[31m\x1b[1mb\n"},
		{"\x1b[31ma\x1b[0;1mb\nc\n", 1, "\x1b[0;1mc\n"},
		{"\x1b[31m1\x1b[32m2\x1b[31m3\nc\n", 1, "\x1b[32m\x1b[31mc\n"},
		{"\x0ea\nb\n", 1, "\x0eb\n"},
		{"\x1b]8;;u\x1b\\a\nb\n", 1, "\x1b]8;;u\x1b\\b\n"},
		{"\x1b]8;;u\x1b\\a\x1b]8;;\x1b\\\x0ea\x0f\nb\n", 1, "b\n"},
	} {
		require.Equal(t, test.want, string(LastLines([]byte(test.text), test.n)), "%q", test.text)
	}
}

// The start of a piece leads from the end of the piece before to the style of its
// lines.
func TestStyleOfPieces(t *testing.T) {
	var c SGRState
	require.Nil(t, c.Transition(nil))
	c.Consume([]byte("\x1b[31mred\x0eqq\x1b]8;;u\x1b\\link\n"))
	require.Equal(t, "\x1b[0m\x1b[32m\x0f\x1b]8;;\x1b\\", string(c.Transition([][]byte{[]byte("\x1b[32mgreen\n")})))
	require.Equal(t, "\x1b[0m\x0e\x1b]8;;v\x1b\\", string(c.Transition([][]byte{[]byte("\x1b[1m\x1b[0m\x0e\x1b]8;;v\x1b\\\n")})))
	require.Equal(t, "\x1b[0m", string(c.Transition([][]byte{[]byte("\x0e\x1b]8;;v\x1b\\")})))
}

func TestUnstyled(t *testing.T) {
	require.Equal(t, "a\x1bb\x1b[c", string(WithoutStyles([]byte("\x1b[1;4:3ma\x1bb\x0e\x0f\x1b]8;i=1;u\x1b\\\x1b[c"))))
}
