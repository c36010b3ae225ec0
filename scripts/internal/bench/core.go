package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// runCore is the benchmark that the promises of speed are about: the service
// against a server that starts tmux for each call, and against a fixed text.
func runCore(ctx context.Context, args []string, out io.Writer) (err error) {
	s, err := parseSettings("core", args, out)
	if err != nil {
		return err
	}
	place, err := describeMachine(ctx, s)
	if err != nil {
		return err
	}
	// Short, as tmux's sockets are in it and a socket's path has 104 bytes.
	dir, err := os.MkdirTemp("", "ipx")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	var stops cleanup
	defer func() { err = errors.Join(err, stops.run()) }()
	all, err := startCore(ctx, s, dir, &stops)
	if err != nil {
		return err
	}
	measured, err := measureCore(ctx, s, all, out)
	if err != nil {
		return err
	}
	r := newCoreReport(place, s, measured)
	r.print(out)
	if s.jsonFile != "" {
		if err := r.writeJSON(s.jsonFile); err != nil {
			return err
		}
	}
	if s.check && slices.ContainsFunc(r.Verdicts, func(v verdict) bool { return !v.OK }) {
		return errors.New("a target was missed")
	}
	return nil
}

// startCore starts all three and makes a session for each client. What has to
// be stopped is noted in stops, also when it fails.
func startCore(ctx context.Context, s settings, dir string, stops *cleanup) ([]*target, error) {
	var flags []string
	if !s.live {
		flags = []string{"--watch-idle", "0"}
	}
	a, err := startInterplexer(ctx, s, dir, flags...)
	if err != nil {
		return nil, err
	}
	stops.add(func() error { return a.stop(ctx) })
	b, bChild, err := startSpawner(ctx, s, dir)
	if err != nil {
		return nil, err
	}
	stops.add(bChild.stop)
	c, cChild, err := startFixed(ctx, dir, s.seats())
	if err != nil {
		return nil, err
	}
	stops.add(cChild.stop)
	for _, t := range []*target{a.target, b} {
		if err := t.furnish(ctx, s.seats()); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return []*target{a.target, b, c}, nil
}

// cell is one place in the table.
type cell struct {
	operation string
	clients   int
	target    string
}

// measureCore fills every cell once a round. The rounds, and within them the
// targets side by side, spread what else the machine does over all; every
// other round goes through the targets backwards.
func measureCore(ctx context.Context, s settings, all []*target, progress io.Writer) (map[cell][]figures, error) {
	measured := map[cell][]figures{}
	for round := range s.rounds {
		fmt.Fprintf(progress, "round %d of %d\n", round+1, s.rounds)
		for _, op := range s.ops {
			for _, clients := range s.clients {
				for _, t := range all {
					if t.name == "fixed" && op.name != opCapture {
						continue
					}
					f, err := measureCell(ctx, s, t, op, clients)
					if err != nil {
						return nil, fmt.Errorf("%s, %s, %d clients: %w", t.name, op.name, clients, err)
					}
					at := cell{op.name, clients, t.name}
					measured[at] = append(measured[at], f)
				}
			}
		}
		slices.Reverse(all)
	}
	return measured, nil
}

func measureCell(ctx context.Context, s settings, t *target, op operation, clients int) (figures, error) {
	steps := make([]step, clients)
	for i := range steps {
		steps[i] = op.step(t, t.seats[i])
	}
	return load(ctx, t.addr, steps, op.slow*s.warmup, op.slow*s.duration)
}
