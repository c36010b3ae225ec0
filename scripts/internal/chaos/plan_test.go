package main

import (
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func first[T any](n int, all iter.Seq[T], text func(T) string) string {
	var b strings.Builder
	for one := range all {
		b.WriteString(text(one) + "\n")
		if n--; n == 0 {
			break
		}
	}
	return b.String()
}

// The same seed gives the same faults and the same choices, another others.
func TestSeed(t *testing.T) {
	faults := func(seed uint64) string {
		return first(200, plan(seed, kinds), func(f fault) string { return f.kind.Name + f.lasts.String() + f.after.String() })
	}
	choicesOf := func(seed uint64, client string) string {
		return first(200, choices(seed, client, clientWeights), func(c choice) string { return c.do + c.think.String() })
	}
	require.Equal(t, faults(1), faults(1))
	require.NotEqual(t, faults(1), faults(2))
	require.Equal(t, choicesOf(1, "alice"), choicesOf(1, "alice"))
	require.NotEqual(t, choicesOf(1, "alice"), choicesOf(1, "bob"))
	require.NotEqual(t, choicesOf(1, "alice"), choicesOf(2, "alice"))
}

func TestEveryKindHasItsTurn(t *testing.T) {
	turns := map[string]int{}
	first(2000, plan(1, kinds), func(f fault) string {
		turns[f.kind.Name]++
		require.GreaterOrEqual(t, f.lasts, f.kind.least)
		require.LessOrEqual(t, f.lasts, f.kind.most)
		return ""
	})
	for _, k := range kinds {
		require.NotZero(t, turns[k.Name], k.Name)
	}
}

func TestCommandLine(t *testing.T) {
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":     {[]string{"-h"}, 0, "-seed"},
		"no flag":  {[]string{"-nope"}, 2, "nope"},
		"argument": {[]string{"-interplexer", "x", "y"}, 2, `"y"`},
		"binary":   {nil, 2, "scripts/chaos"},
		"store":    {[]string{"-interplexer", "x", "-store", "paper"}, 2, `"paper"`},
		"fault":    {[]string{"-interplexer", "x", "-faults", "flood of the Nile"}, 2, "flood of the Nile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("INTERPLEXER_CHAOS_BINARY", "")
			var out strings.Builder
			require.Equal(t, tc.status, runAll(tc.args, &out, &out), out.String())
			require.Contains(t, out.String(), tc.want)
		})
	}
}
