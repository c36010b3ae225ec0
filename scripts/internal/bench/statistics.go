package main

import (
	"slices"
	"time"
)

// figures summarise one measurement.
type figures struct {
	Rate float64 // operations per second
	P50  time.Duration
	P99  time.Duration
}

// newFigures summarises the latencies of the operations that ended within d. It
// sorts them.
func newFigures(latencies []time.Duration, d time.Duration) figures {
	slices.Sort(latencies)
	return figures{
		Rate: float64(len(latencies)) / d.Seconds(),
		P50:  percentile(latencies, 50),
		P99:  percentile(latencies, 99),
	}
}

// percentile returns the nearest rank: the least latency in sorted such that p per
// cent of all are not longer. sorted must not be empty.
func percentile(sorted []time.Duration, p int) time.Duration {
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

// medians returns the median of each figure by itself, over the rounds.
func medians(rounds []figures) figures {
	return figures{
		Rate: medianOf(rounds, func(f figures) float64 { return f.Rate }),
		P50:  medianOf(rounds, func(f figures) time.Duration { return f.P50 }),
		P99:  medianOf(rounds, func(f figures) time.Duration { return f.P99 }),
	}
}

// medianRatio returns the median, over the rounds, of the rate of a divided by the
// rate of b in the same round. The slow and fast times of the machine last longer
// than a round, so that they cancel out.
func medianRatio(a, b []figures) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i].Rate / b[i].Rate
	}
	return median(ratios)
}

func medianOf[T float64 | time.Duration](rounds []figures, of func(figures) T) T {
	values := make([]T, len(rounds))
	for i, f := range rounds {
		values[i] = of(f)
	}
	return median(values)
}

// median does not change values, which must not be empty.
func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
