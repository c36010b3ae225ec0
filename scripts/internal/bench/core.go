package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// runCore is the benchmark for the promises about speed. It compares the service
// with a server that starts tmux for each call, and with a fixed text.
func runCore(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "core", args, out, func(ctx context.Context, b *bench) error {
		targets, err := b.startCore(ctx)
		if err != nil {
			return err
		}
		measured, err := b.measureCore(ctx, targets)
		if err != nil {
			return err
		}
		r := newCoreReport(b.machine, b.settings, measured)
		r.print(out)
		return b.finish(r, r.Verdicts)
	})
}

// startCore starts all three targets and creates a session for each client.
func (b *bench) startCore(ctx context.Context) ([]*target, error) {
	var flags []string
	if !b.live {
		flags = []string{"--watch-idle", "0"}
	}
	ours, err := b.startService(ctx, "a", "", flags...)
	if err != nil {
		return nil, err
	}
	spawner, err := b.startSpawner(ctx)
	if err != nil {
		return nil, err
	}
	fixed, err := b.startFixed(ctx, b.sessionCount())
	if err != nil {
		return nil, err
	}
	for _, t := range []*target{ours.target, spawner} {
		if err := t.createSessions(ctx, b.sessionCount()); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return []*target{ours.target, spawner, fixed}, nil
}

// cell is one place in the table.
type cell struct {
	operation string
	clients   int
	target    string
}

// measureCore measures every cell once in each round. What else the machine does
// is spread over all cells by the rounds, and by the targets that follow each
// other within a round; every other round takes the targets in reverse.
func (b *bench) measureCore(ctx context.Context, targets []*target) (map[cell][]figures, error) {
	measured := map[cell][]figures{}
	for round := range b.rounds {
		fmt.Fprintf(b.out, "round %d of %d\n", round+1, b.rounds)
		if err := b.measureRound(ctx, targets, measured); err != nil {
			return nil, err
		}
		slices.Reverse(targets)
	}
	return measured, nil
}

func (b *bench) measureRound(ctx context.Context, targets []*target, measured map[cell][]figures) error {
	for _, op := range b.ops {
		for _, clients := range b.clients {
			for _, t := range targets {
				if t.name == "fixed" && op.name != opCapture {
					continue
				}
				f, err := b.measureCell(ctx, t, op, clients)
				if err != nil {
					return fmt.Errorf("%s, %s, %d clients: %w", t.name, op.name, clients, err)
				}
				at := cell{op.name, clients, t.name}
				measured[at] = append(measured[at], f)
			}
		}
	}
	return nil
}

func (b *bench) measureCell(ctx context.Context, t *target, op operation, clients int) (figures, error) {
	steps := make([]step, clients)
	for i := range steps {
		steps[i] = op.step(t, t.sessions[i])
	}
	return load(ctx, t.addr, steps, op.timeFactor*b.warmup, op.timeFactor*b.duration)
}
