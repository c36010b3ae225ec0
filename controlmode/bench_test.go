package controlmode_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// benchTargets makes one session per caller, each with a full 80x24 screen.
func benchTargets(b *testing.B, callers int) (controlmode.Client, []controlmode.Target) {
	s := controltest.Start(b, controlmode.ServerOptions{})
	id, err := s.Current(b.Context())
	require.NoError(b, err)
	c := s.On(id)
	line := strings.Repeat("the quick brown fox ", 4)[:75]
	var targets []controlmode.Target
	for i := range callers {
		ids, err := c.NewSession(b.Context(), controlmode.NewSessionOptions{
			Name: fmt.Sprint("bench-", i), Width: 80, Height: 24,
			Command: []string{"sh", "-c", fmt.Sprintf("stty -echo; for i in $(seq 23); do echo %q $i; done; exec cat >/dev/null", line)},
		})
		require.NoError(b, err)
		targets = append(targets, controlmode.ActivePane(ids.Session))
	}
	return c, targets
}

func benchCallers(b *testing.B, callers int, call func(controlmode.Client, controlmode.Target) error) {
	c, targets := benchTargets(b, callers)
	var next atomic.Int64
	b.SetParallelism(callers / 2) // times GOMAXPROCS, which is 2 on the reference machine
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		target := targets[int(next.Add(1))%len(targets)]
		for pb.Next() {
			if err := call(c, target); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}

func BenchmarkCapturePane(b *testing.B) {
	benchCallers(b, 64, func(c controlmode.Client, t controlmode.Target) error {
		_, err := c.CapturePane(b.Context(), t)
		return err
	})
}

func BenchmarkSendKeys(b *testing.B) {
	benchCallers(b, 64, func(c controlmode.Client, t controlmode.Target) error {
		return c.SendKeys(b.Context(), t, new(controlmode.Input).Bytes("x"))
	})
}
