package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecodeVis decodes the vis(3) encoding of any bytes, in any of the forms that
// each byte has. Then it decodes the bytes themselves as if they were encoded, which
// may fail but must not panic.
func FuzzDecodeVis(f *testing.F) {
	f.Add([]byte("a\\b$HOME\x1b[m\t é\n\x00\x000\xff"), []byte{})
	f.Add([]byte("\x007\x00x\\$${a} \a\b\f\n\r\v\t"), []byte("\x01\x02"))
	f.Add([]byte(`\M-x\q\1\12\400\`), []byte("\x02\x01\x00"))
	f.Fuzz(func(t *testing.T, text, forms []byte) {
		encoded := visForm(text, forms)
		got, err := DecodeVis([]byte(encoded))
		require.NoError(t, err, "%q", encoded)
		require.Equal(t, string(text), string(got), "%q", encoded)

		plain, err := DecodeVis(bytes.Clone(text))
		if err != nil {
			require.ErrorIs(t, err, ErrProtocol)
			return
		}
		require.LessOrEqual(t, len(plain), len(text))
		if !bytes.Contains(text, []byte(`\`)) {
			require.Equal(t, string(text), string(plain))
		}
	})
}

// visForm encodes as vis(3) may with VIS_OCTAL and VIS_CSTYLE. forms picks among the
// forms of each byte, again and again.
func visForm(text, forms []byte) string {
	cstyle := map[byte]string{
		'\\': `\\`, '$': `\$`, '\a': `\a`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, ' ': `\s`, '\t': `\t`, '\v': `\v`, 0: `\0`,
	}
	var b strings.Builder
	for i, c := range text {
		form := 0
		if len(forms) > 0 {
			form = int(forms[i%len(forms)]) % 3
		}
		short, ok := cstyle[c]
		nextIsDigit := i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '7'
		switch {
		case form == 0 && c != '\\' && c != 0:
			b.WriteByte(c)
		case form == 1 && ok && !(c == 0 && nextIsDigit), c == '\\' && form == 0:
			b.WriteString(short)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
