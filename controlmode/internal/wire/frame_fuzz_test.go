package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLineCount reads any bytes as the block that counts the lines of another.
func FuzzLineCount(f *testing.F) {
	f.Add([]byte("24 80\n"))
	f.Add([]byte("99999999999999999999 x\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, body []byte) {
		counted := Answer{Frame: Frame{Blocks: 2, Counted: 1}, Blocks: []Block{{Body: body}}}
		if lines, ok := counted.lineCount(1); ok {
			require.GreaterOrEqual(t, lines, 0)
		}
	})
}
