package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
