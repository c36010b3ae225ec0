package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served returns a target that runs in this process.
func served(t *testing.T, h http.Handler, screen string) *target {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &target{addr: strings.TrimPrefix(server.URL, "http://"), sessions: []session{{id: "1", screen: []byte(screen)}}}
}

func captures(t *target, clients int) []step {
	steps := make([]step, clients)
	for i := range steps {
		steps[i] = captureStep(t, t.sessions[0])
	}
	return steps
}

func TestLoadCountsEveryResponse(t *testing.T) {
	var responses atomic.Int64
	fixed := fixedHandler()
	target := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fixed.ServeHTTP(w, r)
		responses.Add(1)
	}), fixedText)
	f, err := load(t.Context(), target.addr, captures(target, 3), 0, 100*time.Millisecond)
	require.NoError(t, err)
	require.Positive(t, f.P50)
	require.LessOrEqual(t, f.P50, f.P99)
	// The last operation of each client may end too late to be counted.
	counted := int64(f.Rate*0.1 + 0.5)
	require.InDelta(t, responses.Load(), counted, 3)
}

func TestLoadDoesNotCountTheWarmUp(t *testing.T) {
	target := served(t, fixedHandler(), fixedText)
	_, err := load(t.Context(), target.addr, captures(target, 1), 20*time.Millisecond, time.Nanosecond)
	require.ErrorIs(t, err, errNothing)
}

func TestLoadFailsOnAnyWrongResponse(t *testing.T) {
	once := func(n int64, wrong, right http.HandlerFunc) http.HandlerFunc {
		var asked atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == n {
				wrong(w, r)
			} else {
				right(w, r)
			}
		}
	}
	right := func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("mine\n")) }
	for name, tc := range map[string]struct {
		wrong http.HandlerFunc
		want  error
	}{
		"another's body": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hers\n")) }, errWrongBody},
		"status":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, errResponse},
		"cut off":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, errResponse},
	} {
		t.Run(name, func(t *testing.T) {
			target := served(t, once(20, tc.wrong, right), "mine\n")
			_, err := load(t.Context(), target.addr, captures(target, 2), 0, time.Minute)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	asked := make(chan struct{}, 1)
	done := make(chan struct{})
	target := served(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-done // never responds while the client waits
	}), "")
	t.Cleanup(func() { close(done) })
	go func() { <-asked; cancel(stopped) }()
	_, err := load(ctx, target.addr, captures(target, 1), 0, time.Minute)
	require.ErrorIs(t, err, stopped)
}

func upTo(n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = time.Duration(n - i) // backwards: newFigures sorts
	}
	return all
}

func TestFigures(t *testing.T) {
	require.Equal(t, figures{Rate: 50, P50: 50, P99: 99}, newFigures(upTo(100), 2*time.Second))
	require.Equal(t, figures{Rate: 1000, P50: 500, P99: 990}, newFigures(upTo(1000), time.Second))
}

func TestPercentileIsOneThatWasMeasured(t *testing.T) {
	for _, tc := range []struct {
		n, p int
		want time.Duration
	}{{1, 50, 1}, {1, 99, 1}, {2, 50, 1}, {2, 99, 2}, {3, 50, 2}, {10, 99, 10}, {101, 99, 100}, {200, 99, 198}, {5, 0, 1}} {
		sorted := upTo(tc.n)
		newFigures(sorted, time.Second)
		require.Equalf(t, tc.want, percentile(sorted, tc.p), "p%d of %d", tc.p, tc.n)
	}
}

func TestMedian(t *testing.T) {
	values := []float64{9, 1, 5}
	require.Equal(t, 5.0, median(values))
	require.Equal(t, []float64{9, 1, 5}, values, "left as they are")
	require.Equal(t, 3.0, median([]float64{1, 9, 5, 1}))
	require.Equal(t, 7.0, median([]float64{7}))
}

func TestMedianRatioIsOfTheSameRound(t *testing.T) {
	slow, quick := []figures{{Rate: 1}, {Rate: 20}, {Rate: 300}}, []figures{{Rate: 2}, {Rate: 40}, {Rate: 300}}
	require.Equal(t, 0.5, medianRatio(slow, quick))
}

func TestMediansAreOfEachFigureByItself(t *testing.T) {
	require.Equal(t, figures{Rate: 2, P50: 20, P99: 200}, medians([]figures{
		{Rate: 3, P50: 10, P99: 200}, {Rate: 1, P50: 20, P99: 300}, {Rate: 2, P50: 30, P99: 100},
	}))
}
