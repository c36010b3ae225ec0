package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Input sent over HTTP reaches the program byte for byte: every single byte, and
// 10,000 random strings, sent as text if they are valid UTF-8, else as hex.
func TestTypedBytesAreExact(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start("--log-level", "warn")
	alice := s.newUser("alice")
	inputs := randomInputs(10_000)
	want := bytes.Join(inputs, nil)
	file := filepath.Join(s.tmp, "typed")
	command, err := json.Marshal([]string{"sh", "-c", fmt.Sprintf(
		"stty raw -echo; tmux wait-for -S raw; head -c %d >'%s'; tmux wait-for -S typed; exec cat", len(want), file)})
	require.NoError(t, err)
	j := v.create(alice, fmt.Sprintf(`{"command":%s}`, command))
	s.tmux("wait-for", "raw")
	for _, input := range inputs {
		v.call(alice, "POST", j.path("send-keys"), sendBody(t, input), http.StatusNoContent)
	}
	s.tmux("wait-for", "typed")
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "the program read other bytes than those typed")
	v.stop()
}

// randomInputs returns each byte alone, then n strings, of random bytes and of
// random characters in turn.
func randomInputs(n int) [][]byte {
	random := rand.New(rand.NewPCG(3, 4))
	var inputs [][]byte
	for b := range 256 {
		inputs = append(inputs, []byte{byte(b)})
	}
	for i := range n {
		var input []byte
		for range 1 + random.IntN(20) {
			if i%2 == 0 {
				input = append(input, byte(random.IntN(256)))
			} else {
				input = utf8.AppendRune(input, rune(random.IntN(0x3000)))
			}
		}
		inputs = append(inputs, input)
	}
	return inputs
}

// sendBody returns a request that types input: as text if JSON can hold it, else as
// hex.
func sendBody(t *testing.T, input []byte) string {
	t.Helper()
	if !utf8.Valid(input) || bytes.IndexByte(input, 0) >= 0 {
		return fmt.Sprintf(`{"hex":"%s"}`, hex.EncodeToString(input))
	}
	body, err := json.Marshal(map[string]string{"text": string(input)})
	require.NoError(t, err)
	return string(body)
}
