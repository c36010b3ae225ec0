package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measuredAs returns the same figures for every operation, except for captures by
// the service, with one number of clients.
func measuredAs(clients int, rate float64, p99 time.Duration) map[cell][]figures {
	m := map[cell][]figures{}
	for _, op := range operations {
		m[cell{op.name, clients, "interplexer"}] = []figures{{Rate: 3600, P50: time.Millisecond, P99: 5 * time.Millisecond}}
		m[cell{op.name, clients, "spawner"}] = []figures{{Rate: 200, P50: 20 * time.Millisecond, P99: 100 * time.Millisecond}}
	}
	m[cell{opCapture, clients, "interplexer"}] = []figures{{Rate: rate, P50: time.Millisecond, P99: p99}}
	m[cell{opCapture, clients, "fixed"}] = []figures{{Rate: 10000, P50: time.Millisecond, P99: time.Millisecond}}
	return m
}

func TestVerdicts(t *testing.T) {
	leaky, fixed := machine{CaptureLeaks: true}, machine{}
	for name, tc := range map[string]struct {
		on      machine
		clients int
		rate    float64
		p99     time.Duration
		want    []bool // captures, their p99, send-keys, create+delete
	}{
		"all kept":           {leaky, 64, 2800, 5 * time.Millisecond, []bool{true, true, true, true}},
		"captures too slow":  {leaky, 64, 2799, 5 * time.Millisecond, []bool{false, true, true, true}},
		"p99 too long":       {leaky, 64, 2800, 5001 * time.Microsecond, []bool{true, false, true, true}},
		"more without leak":  {fixed, 64, 3999, 5 * time.Millisecond, []bool{false, true, true, true}},
		"enough without":     {fixed, 64, 4000, 5 * time.Millisecond, []bool{true, true, true, true}},
		"no promise for few": {leaky, 8, 1, time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newCoreReport(tc.on, settings{ops: operations, clients: []int{tc.clients}, rounds: 1}, measuredAs(tc.clients, tc.rate, tc.p99))
			var got []bool
			for _, v := range r.Verdicts {
				got = append(got, v.OK)
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestReportAsTableAndJSON(t *testing.T) {
	r := newCoreReport(machine{Tmux: "3.3a", CaptureLeaks: true, Cores: 2}, settings{ops: operations, clients: []int{64}, rounds: 1, duration: 2 * time.Second},
		measuredAs(64, 2500, 5*time.Millisecond))
	var text strings.Builder
	r.print(&text)
	require.Regexp(t, `capture +64 +2500 +200 +10000 +12\.5 +0\.25 +1\.00 +20\.00 +1/20\.0 +5\.00 +100\.00 +1/20\.0\n`, text.String())
	require.Regexp(t, `send-keys +64 +3600 +200 +- +18\.0 +- `, text.String())
	require.Contains(t, text.String(), "MISS  captures per second over the spawner's: 12.5, wanted at least 14\n")
	require.Contains(t, text.String(), "ok    send-keys")
	require.Contains(t, text.String(), "tmux 3.3a (captures by the leak-free form")

	path := filepath.Join(t.TempDir(), "core.json")
	require.NoError(t, writeJSON(path, r))
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	var back report
	require.NoError(t, json.Unmarshal(written, &back))
	require.Equal(t, r, back)
}
