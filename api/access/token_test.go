package access

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	plain, hash := NewToken()
	require.Regexp(t, `^ipx_[A-Za-z0-9_-]{43}$`, plain)
	require.Equal(t, sha256.Sum256([]byte(plain)), hash)
	require.Equal(t, hash, HashToken(plain))
	require.True(t, wellFormed(plain))
	other, _ := NewToken()
	require.NotEqual(t, plain, other)
	for _, bad := range []string{
		"", "ipx_", plain + "A", plain[:46], "ipy_" + plain[4:], strings.ToUpper(plain[:4]) + plain[4:],
		plain[:46] + "=", plain[:46] + " ", plain[:45] + "é",
	} {
		require.False(t, wellFormed(bad), bad)
	}
}
