package controlmode_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// hostileTexts are n strings of every kind that has fooled a parser before, without
// NUL.
func hostileTexts(n int) []string {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"#(touch pwned)", "#{pid}", "#[x]", "##", "$HOME", "${HOME}", "$(touch pwned)", "`touch pwned`", "~", "~root", "'", `"`, "\\", `\n`,
		";", " ; ", "{", "}", "%end 1 2 1", "%begin", "\n", "\r", "\t", "\x1b[31m", "\x7f", "é", "漢", "👍🏽", "\u0301", "\u200d", "\xff", "\xc3", "\xed\xa0\x80",
		"-", "--", "=", ",", ":", ".", "*", "?", "%%", "%1", "@1", "#", "\\;",
	}
	texts := make([]string, 0, n)
	for b := 1; b < 256; b++ {
		texts = append(texts, string([]byte{byte(b)}))
	}
	for len(texts) < n {
		var s strings.Builder
		for range 1 + rng.IntN(8) {
			if rng.IntN(4) == 0 {
				s.WriteByte(byte(1 + rng.IntN(255)))
			} else {
				s.WriteString(pieces[rng.IntN(len(pieces))])
			}
		}
		texts = append(texts, s.String())
	}
	return texts
}

// TestQuoteRoundTrip sends text through the real tmux's parser, as arguments of a
// program that writes down its arguments.
func TestQuoteRoundTrip(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	client := connect(t, controlmode.ServerOptions{SocketName: socket})
	texts := hostileTexts(2500)
	file := filepath.Join(t.TempDir(), "arguments")
	_, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
		Name: "one", Width: 9, Height: 2,
		Command: append([]string{"sh", "-c", `for a; do printf '%s\0' "$a"; done >"$0"; exec tmux wait-for -S written`, file}, texts...),
	})
	require.NoError(t, err)
	controltest.Tmux(t, socket, "wait-for", "written")
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, texts, strings.Split(strings.TrimSuffix(string(got), "\x00"), "\x00"))
}

// A value that a list cannot carry counts as unset, and spoils nothing.
func TestListSessionsWithHostileOptions(t *testing.T) {
	t.Parallel()
	client := connect(t, controlmode.ServerOptions{})
	n := 0
	for values := range slices.Chunk(hostileTexts(300), 10) { // a session for each would be a process for each
		n++
		options := map[string]string{}
		for i, value := range values {
			options[fmt.Sprint("@x", i)] = value
		}
		name := fmt.Sprint("s", n)
		_, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{
			Name: name, Width: 9, Height: 2, Command: []string{"cat"}, Options: options,
		})
		require.NoError(t, err)
		var last controlmode.SessionInfo
		for option, value := range options {
			list, err := client.ListSessions(t.Context(), option)
			require.NoError(t, err)
			last = list[len(list)-1]
			require.Equal(t, name, last.Name)
			if strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
				require.Equal(t, value, last.Option)
			} else {
				require.Empty(t, last.Option)
			}
		}
		require.NoError(t, client.KillSession(t.Context(), last.ID))
	}
}

// connect starts a private tmux server and returns a client of it.
func connect(t testing.TB, o controlmode.ServerOptions) controlmode.Client {
	t.Helper()
	server := controltest.Start(t, o)
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	return server.On(id)
}
