package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandLine(t *testing.T) {
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"unknown benchmark": {[]string{"nope"}, 2, `no benchmark "nope"; there are: bulk, core, held, history`},
		"unknown flag":      {[]string{"--nope"}, 2, "nope"},
		"no binary":         {[]string{"core"}, 2, "--interplexer"},
		"argument":          {[]string{"core", "--interplexer", "x", "y"}, 2, `"y"`},
		"clients":           {[]string{"--clients", "8,zero"}, 2, `"zero"`},
		"operations":        {[]string{"--operations", "capture,nap"}, 2, `no operation "nap"`},
		"rounds":            {[]string{"--interplexer", "x", "--rounds", "0"}, 2, "positive"},
		"no tmux":           {[]string{"--interplexer", "x", "--tmux", "/nonexistent/tmux"}, 1, "/nonexistent/tmux"},
		"help":              {[]string{"-h"}, 0, "-rounds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("INTERPLEXER_BENCH_BINARY", "")
			var out strings.Builder
			require.Equal(t, tc.status, run(tc.args, &out, &out), out.String())
			require.Contains(t, out.String(), tc.want)
		})
	}
}

func TestHelpDoesNotShowThePassword(t *testing.T) {
	t.Setenv("INTERPLEXER_DATABASE_URL", "postgres://u:hunter2@localhost/x")
	var out strings.Builder
	require.Zero(t, run([]string{"-h"}, &out, &out))
	require.NotContains(t, out.String(), "hunter2")
}

func TestClientsAreSortedAndUnique(t *testing.T) {
	clients, err := parseClients("64,1,8,8")
	require.NoError(t, err)
	require.Equal(t, []int{1, 8, 64}, clients)
}
