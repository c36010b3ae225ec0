package controlmode_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

const (
	throughputCallers = 64
	// throughputRound is how many commands one side runs before it is the other's
	// turn. It is so large that a round takes some tenths of a second.
	throughputRound = 8192
)

// BenchmarkDisplayMessage compares 64 callers that send the smallest command with a
// raw loop that keeps 64 of the same in flight. Both use the same tmux server and the
// same kind of pty, and run by turns, so that both see the same machine. The result
// is the ratio; an op is one command of ours.
func BenchmarkDisplayMessage(b *testing.B) {
	socket := controltest.SocketName(b)
	server := controltest.Start(b, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(b.Context())
	require.NoError(b, err)
	client := server.On(id)
	raw := startRawLoop(b, socket)
	pings(b, client, throughputRound) // let buffers grow
	raw.run(b, throughputRound)

	var ours, theirs time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += throughputRound {
		n := min(throughputRound, b.N-done)
		start := time.Now()
		pings(b, client, n)
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		raw.run(b, n)
		theirs += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)/ours.Seconds(), "commands/s")
	b.ReportMetric(float64(b.N)/theirs.Seconds(), "raw/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
}

// pings has 64 callers share n commands.
func pings(b *testing.B, client controlmode.Client, n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var callers sync.WaitGroup
	for range throughputCallers {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				if err := client.Ping(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}
