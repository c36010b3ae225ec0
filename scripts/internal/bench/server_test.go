package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func shell(script string) *exec.Cmd { return exec.Command("sh", "-c", script) }

func TestServerSaysWhereItServes(t *testing.T) {
	s, err := startServer(t.Context(), shell("echo starting; echo it serves http://127.0.0.1:12; exec sleep 1000"), filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:12", s.addr)
	require.ErrorContains(t, s.stop(), "terminated", "by the signal, which sleep does not handle")
}

func TestServerExitsWithItsInput(t *testing.T) {
	s, err := startServer(t.Context(), shell("trap '' TERM; echo serves http://127.0.0.1:12; read -r _; exit 0"), filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	require.NoError(t, s.stop())
}

func TestServerThatFailsToStartSaysWhy(t *testing.T) {
	_, err := startServer(t.Context(), shell("echo no tmux here >&2; exit 3"), filepath.Join(t.TempDir(), "log"))
	require.ErrorContains(t, err, "no tmux here")
}

func TestAddressInPieces(t *testing.T) {
	f := &addressFinder{found: make(chan string, 1)}
	for _, piece := range []string{"it serves http://127.0.", "0.1:12", "34\nand more", " serves http://127.0.0.1:99\n"} {
		_, err := f.Write([]byte(piece))
		require.NoError(t, err)
	}
	require.Equal(t, "127.0.0.1:1234", <-f.found)
	require.Empty(t, f.found)
}
