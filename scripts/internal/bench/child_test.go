package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func shell(script string) *exec.Cmd { return exec.Command("sh", "-c", script) }

func TestChildTellsWhereItServes(t *testing.T) {
	c, err := startChild(t.Context(), shell("echo starting; echo it serves http://127.0.0.1:12; read -r _; exit 0"), filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:12", c.addr)
	require.ErrorContains(t, c.stop(), "terminated", "by the signal, which sh does not handle")
}

func TestChildEndsWithItsInput(t *testing.T) {
	c, err := startChild(t.Context(), shell("trap '' TERM; echo serves http://127.0.0.1:12; read -r _; exit 0"), filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	require.NoError(t, c.stop())
}

func TestChildThatFailsToStartSaysWhy(t *testing.T) {
	_, err := startChild(t.Context(), shell("echo no tmux here >&2; exit 3"), filepath.Join(t.TempDir(), "log"))
	require.ErrorContains(t, err, "no tmux here")
}
