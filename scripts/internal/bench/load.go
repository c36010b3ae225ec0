package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// step makes a request and checks the response.
type step func(*client) error

// errNothing reports that no operation ended within the time.
var errNothing = errors.New("bench: no operation ended in time; give a longer --duration")

// load repeats each step on a connection of its own, all steps at the same time. It
// counts the operations that end between warmup and warmup+d. It waits for the end
// of every operation that has begun. The first failure ends the load.
func load(ctx context.Context, addr string, steps []step, warmup, d time.Duration) (figures, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	clients := make([]*client, len(steps))
	for i := range clients {
		c, err := dial(ctx, addr)
		if err != nil {
			return figures{}, err
		}
		defer c.close()
		clients[i] = c
	}
	from := time.Now().Add(warmup)
	latencies := make([][]time.Duration, len(steps))
	var group sync.WaitGroup
	for i := range steps {
		group.Go(func() {
			var err error
			if latencies[i], err = repeat(ctx, clients[i], steps[i], from, from.Add(d)); err != nil {
				cancel(fmt.Errorf("client %d: %w", i, err))
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return figures{}, err
	}
	var all []time.Duration
	for _, one := range latencies {
		all = append(all, one...)
	}
	if len(all) == 0 {
		return figures{}, errNothing
	}
	return newFigures(all, d), nil
}

// repeat measures the operations that end between from and until.
func repeat(ctx context.Context, c *client, do step, from, until time.Time) ([]time.Duration, error) {
	latencies := make([]time.Duration, 0, 4096)
	for begin := time.Now(); begin.Before(until); {
		if err := do(c); err != nil {
			return nil, err
		}
		end := time.Now()
		if !end.Before(from) && end.Before(until) {
			latencies = append(latencies, end.Sub(begin))
		}
		begin = end
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return latencies, nil
}

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
