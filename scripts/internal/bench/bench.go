package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// bench is one run of a benchmark: its settings and what it has started.
type bench struct {
	settings
	dir   string
	stops cleanup
	out   io.Writer
}

// withBench runs a benchmark in a folder of its own and takes down what it has
// started.
func withBench(ctx context.Context, name string, args []string, out io.Writer, do func(context.Context, *bench, *summary) error) (err error) {
	s, err := parseSettings(name, args, out)
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
	b := &bench{settings: s, dir: dir, out: out}
	defer func() { err = errors.Join(err, b.stops.run()) }()
	y := &summary{Benchmark: name, Machine: place, Figures: map[string]float64{}}
	if err := do(ctx, b, y); err != nil {
		return err
	}
	return y.finish(s, out)
}

// service starts the service, or an older binary of it, in a folder of its own.
func (b *bench) service(ctx context.Context, folder, binary string, flags ...string) (*interplexer, error) {
	s := b.settings
	if binary != "" {
		s.interplexer = binary
	}
	dir := filepath.Join(b.dir, folder)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	p, err := startInterplexer(ctx, s, dir, flags...)
	if err != nil {
		return nil, err
	}
	b.stops.add(func() error { return p.stop(ctx) })
	return p, nil
}

// spawner starts the server that starts tmux for each call.
func (b *bench) spawner(ctx context.Context) (*target, error) {
	t, c, err := startSpawner(ctx, b.settings, b.dir)
	if err != nil {
		return nil, err
	}
	b.stops.add(c.stop)
	return t, nil
}
