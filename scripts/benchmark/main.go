// Command benchmark measures the service side by side with other ways to do
// the same, all on this machine: scripts/bench builds and runs it.
//
// A benchmark is one file with a function in the table below. Servers that it
// compares with are run by this same program, started again under a role, so
// that each has a process of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// benchmarks run with the arguments after their name.
var benchmarks = map[string]func(ctx context.Context, args []string, out io.Writer) error{
	"bulk":    runBulk,
	"core":    runCore,
	"held":    runHeld,
	"history": runHistory,
	"poll":    runPoll,
	"latency": runLatency,
	"scale":   runScale,
}

// roles are what a child process of a benchmark does.
var roles = map[string]func(ctx context.Context, args []string, out io.Writer) error{
	spawnerRole:   serveSpawner,
	fixedRole:     serveFixed,
	heldFixedRole: serveHeldFixed,
	framesRole:    drawFrames,
}

const defaultBenchmark = "core"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	// SIGPIPE comes when whoever reads the output leaves, as head does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()

	name := defaultBenchmark
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	do, ok := roles[name]
	if !ok {
		do, ok = benchmarks[name]
	}
	if !ok {
		fmt.Fprintf(stderr, "bench: there is no benchmark %q; there are: %s\n", name, strings.Join(slices.Sorted(maps.Keys(benchmarks)), ", "))
		return 2
	}
	var usage usageError
	switch err := do(ctx, args, stdout); {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	default:
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ error }
