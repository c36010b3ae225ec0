package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// bench is one run of a benchmark: its settings, and the servers that it has
// started.
type bench struct {
	settings
	machine machine
	dir     string
	stops   cleanup
	out     io.Writer // for people
}

// withBench parses the flags and runs a benchmark in a new folder. After it, it
// stops the servers that the benchmark has started, and removes the folder.
func withBench(ctx context.Context, name string, args []string, out io.Writer, do func(context.Context, *bench) error) (err error) {
	s, err := parseSettings(name, args, out)
	if err != nil {
		return err
	}
	m, err := describeMachine(ctx, s)
	if err != nil {
		return err
	}
	// The name is short, because the path of a socket has 104 bytes at most.
	dir, err := os.MkdirTemp("", "ipx")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{settings: s, machine: m, dir: dir, out: out}
	defer func() { err = errors.Join(err, b.stops.run()) }()
	return do(ctx, b)
}

// withSummary is withBench for a benchmark that notes its figures in a summary,
// which is printed at the end.
func withSummary(ctx context.Context, name string, args []string, out io.Writer, do func(context.Context, *bench, *summary) error) error {
	return withBench(ctx, name, args, out, func(ctx context.Context, b *bench) error {
		y := &summary{Benchmark: name, Machine: b.machine, Figures: map[string]float64{}}
		if err := do(ctx, b, y); err != nil {
			return err
		}
		y.print(out)
		return b.finish(y, y.Verdicts)
	})
}

// finish writes the result to the file of -json, if there is one, and fails when
// a verdict is negative and -check is set.
func (b *bench) finish(result any, verdicts []verdict) error {
	if b.jsonFile != "" {
		if err := writeJSON(b.jsonFile, result); err != nil {
			return err
		}
	}
	if b.check && slices.ContainsFunc(verdicts, func(v verdict) bool { return !v.OK }) {
		return errors.New("a target was missed")
	}
	return nil
}

func writeJSON(path string, result any) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// startService starts the service, or an older binary of it, in a folder of its
// own.
func (b *bench) startService(ctx context.Context, folder, binary string, flags ...string) (*interplexer, error) {
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

// startRole starts this program as a server that the service is compared with.
func (b *bench) startRole(ctx context.Context, role string, args ...string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, append([]string{role}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX_TMPDIR="+b.dir)
	s, err := startServer(ctx, cmd, filepath.Join(b.dir, role+".log"))
	if err != nil {
		return nil, err
	}
	b.stops.add(s.stop)
	return s, nil
}
