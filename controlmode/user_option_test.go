package controlmode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

// A name is refused that tmux would run as code, find another session by, or print
// where only its own text is expected. No session is left behind.
func TestUserOptionsAreForPlainNames(t *testing.T) {
	t.Parallel()
	client := connect(t, controlmode.ServerOptions{})
	for name, option := range map[string]string{
		"a.b": "@x", "$0": "@x", "=a": "@x", "": "@x", "a\n" + strings.Repeat("%end 1 2 1\n", 30): "@x",
		"a": "@x#(id)", "b": "x", "c": "@", "d": "@x[0]", "e": "@x}", "f": "@x\n",
	} {
		want := controlmode.ErrPlainName
		if option != "@x" {
			want = controlmode.ErrOptionName
			_, err := client.ListSessions(t.Context(), option)
			require.ErrorIs(t, err, want, "%q", option)
		}
		_, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
			Name: name, Width: 9, Height: 2, Command: []string{"cat"}, Options: map[string]string{option: "1"},
		})
		require.ErrorIs(t, err, want, "%q %q", name, option)
	}
	list, err := client.ListSessions(t.Context(), "@x")
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Empty(t, list[0].Option)
}
