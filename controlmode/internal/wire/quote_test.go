package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"":                   `""`,
		"a b;c#{d}'é":        `"a b;c#{d}'é"`,
		"\\\"$~\n\x7f":       `"\134\042\044\176\012\177"`,
		"\xff\xc3":           `"\377\303"`,
		"\U0010ffff\xed\xa0": "\"\U0010ffff\\355\\240\"",
	} {
		got, err := AppendQuoted(nil, text)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	_, err := AppendQuoted(nil, "a\x00b")
	require.ErrorIs(t, err, ErrNUL)
}

func TestEscapeFormat(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "#(id)": "##(id)", "#{x}": "##{x}", "a#": "a##", "##(id)": "####(id)",
		"#[fg=red]": "#[fg=red]", "##[x]#,": "##[x]##,",
	} {
		require.Equal(t, want, EscapeFormat(text))
	}
}
