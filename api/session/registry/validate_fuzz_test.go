package registry

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// FuzzName checks any text as a session's name: what is let through can stand
// in any line of text.
func FuzzName(f *testing.F) {
	for _, name := range []string{"", "build", "é 漢", "a  b", " a", "a ", "-a", "a\nb", "\xff", "a\u0301", "a\u202eb", "#(id)", strings.Repeat("é", 65)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		var bad session.InvalidError
		checkName(name, &bad)
		require.LessOrEqual(t, len(bad.Fields), 1)
		for _, f := range bad.Fields {
			require.Equal(t, "name", f.Field)
			require.NotEmpty(t, f.Detail)
			return
		}
		require.True(t, utf8.ValidString(name))
		require.LessOrEqual(t, utf8.RuneCountInString(name), session.MaxNameLength)
		require.Equal(t, strings.Join(strings.Fields(name), " "), name)
		require.False(t, strings.ContainsAny(name, "#$`'\"\\;{}()<>|&*?!~=%,[]"), "%q", name)
		for _, r := range name {
			require.True(t, r == ' ' || unicode.IsPrint(r), "%q", name)
			require.False(t, unicode.Is(unicode.Cf, r), "%q", name)
		}
	})
}
