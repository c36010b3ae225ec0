package session

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzName checks any text as a session's name: what is let through can stand
// in any line of text.
func FuzzName(f *testing.F) {
	for _, name := range []string{"", "build", "é 漢", "a  b", " a", "a ", "-a", "a\nb", "\xff", "a\u0301", "a\u202eb", "#(id)", strings.Repeat("é", 65)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		complaints := 0
		checkName(name, func(field, detail string) {
			require.Equal(t, "name", field)
			require.NotEmpty(t, detail)
			complaints++
		})
		require.LessOrEqual(t, complaints, 1)
		if complaints > 0 {
			return
		}
		require.True(t, utf8.ValidString(name))
		require.LessOrEqual(t, utf8.RuneCountInString(name), MaxNameLength)
		require.Equal(t, strings.Join(strings.Fields(name), " "), name)
		require.False(t, strings.ContainsAny(name, "#$`'\"\\;{}()<>|&*?!~=%,[]"), "%q", name)
		for _, r := range name {
			require.True(t, r == ' ' || unicode.IsPrint(r), "%q", name)
			require.False(t, unicode.Is(unicode.Cf, r), "%q", name)
		}
	})
}
