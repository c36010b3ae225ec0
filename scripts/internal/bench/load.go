package main

import (
	"context"
	"errors"
	"fmt"
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
