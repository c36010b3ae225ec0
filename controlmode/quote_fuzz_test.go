package controlmode_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// fuzzClient is a client of a private real tmux that lives as long as the fuzz test.
// The tmux server ends with its connection, however that ends.
func fuzzClient(f *testing.F) controlmode.Client {
	conn, _, err := controlmode.Dial(f.Context(), controlmode.DialOptions{
		SocketName: controltest.SocketName(f), Env: testEnv(), Dir: "/",
	})
	require.NoError(f, err)
	f.Cleanup(func() { conn.Close() })
	return conn.Client
}

// fuzzTime is how long one command line of a fuzz test may take.
const fuzzTime = 20 * time.Second

// addHostile seeds a fuzz test with the texts that have fooled a parser before.
func addHostile(f *testing.F) {
	for _, text := range hostileTexts(600) {
		f.Add(text)
	}
}

// quoted is text as an argument; ok is false when no argument can carry it.
func quoted(t *testing.T, text string) (arg string, ok bool) {
	arg, err := controlmode.Quote(text)
	if strings.Contains(text, "\x00") {
		require.ErrorIs(t, err, controlmode.ErrNUL)
		return "", false
	}
	require.NoError(t, err)
	return arg, true
}

// FuzzQuote sends any text through the real tmux's parser into a buffer, and compares
// the buffer with the text.
func FuzzQuote(f *testing.F) {
	client := fuzzClient(f)
	addHostile(f)
	f.Fuzz(func(t *testing.T, text string) {
		// A buffer cannot be empty, and show-buffer's last newline is its own.
		arg, ok := quoted(t, text+"\n")
		if !ok {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), fuzzTime)
		defer cancel()
		got, err := client.ThroughBuffer(ctx, arg)
		require.NoError(t, err)
		require.Equal(t, text+"\n", string(got))
	})
}

// FuzzEscapeFormat has the real tmux expand any text, escaped, and compare the result
// with the text.
func FuzzEscapeFormat(f *testing.F) {
	client := fuzzClient(f)
	addHostile(f)
	f.Fuzz(func(t *testing.T, text string) {
		plain, ok := quoted(t, text)
		if !ok {
			return
		}
		escaped, _ := quoted(t, controlmode.EscapeFormat(text))
		ctx, cancel := context.WithTimeout(t.Context(), fuzzTime)
		defer cancel()
		same, err := client.Same(ctx, plain, escaped)
		require.NoError(t, err)
		require.True(t, same, "tmux makes something else of %q", text)
	})
}
