// Command bench measures the service beside other ways to do the same, on this
// machine. The script scripts/bench builds it and runs it.
//
// A benchmark is a file with a function in the table below. The servers that the
// service is compared with run in processes of their own: this program starts
// itself with the name of a role.
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
	"strconv"
	"strings"
	"syscall"
	"time"
)

// benchmarks get the arguments after their name.
var benchmarks = map[string]func(ctx context.Context, args []string, out io.Writer) error{
	"bulk":    runBulk,
	"core":    runCore,
	"held":    runHeld,
	"history": runHistory,
	"poll":    runPoll,
	"latency": runLatency,
	"scale":   runScale,
}

// roles are the jobs of the processes that a benchmark starts.
var roles = map[string]func(ctx context.Context, args []string, out io.Writer) error{
	spawnerRole:   serveSpawner,
	fixedRole:     serveFixed,
	heldFixedRole: serveHeldFixed,
	framesRole:    drawFrames,
}

const defaultBenchmark = "core"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	// SIGPIPE comes when the reader of the output exits, as head does.
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

// usageError reports a wrong command line.
type usageError struct{ error }

// settings are the flags of a benchmark.
type settings struct {
	interplexer string // binary of the service
	tmux        string
	databaseURL string // "" is the embedded SQLite; a secret
	logLevel    string

	rounds   int
	duration time.Duration // of a cell, in each round
	warmup   time.Duration // before it
	clients  []int         // in ascending order
	ops      []operation

	live     bool   // core: with live screens, as the service is by default
	before   string // an older binary of the service
	jsonFile string
	check    bool
}

func parseSettings(name string, args []string, out io.Writer) (settings, error) {
	s := settings{clients: []int{1, 8, 64}, ops: operations, databaseURL: os.Getenv("INTERPLEXER_DATABASE_URL")}
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&s.interplexer, "interplexer", os.Getenv("INTERPLEXER_BENCH_BINARY"), "`binary` of the service; scripts/bench builds it")
	f.StringVar(&s.tmux, "tmux", "tmux", "tmux `program` of all servers")
	// Not a StringVar, which would print the value of the variable as the default.
	f.Func("database-url", "postgres:// `URL` of a scratch database for the service, instead of SQLite;\nbetter set INTERPLEXER_DATABASE_URL, because the URL may contain a password", func(v string) error {
		s.databaseURL = v
		return nil
	})
	f.StringVar(&s.logLevel, "log-level", "info", "`level` of the service's log, which goes to a file")
	f.IntVar(&s.rounds, "rounds", 5, "number of `rounds`; the result is the median over them")
	f.DurationVar(&s.duration, "duration", 2*time.Second, "`time` of each measurement in each round")
	f.DurationVar(&s.warmup, "warmup", 300*time.Millisecond, "`time` before each measurement, which does not count")
	f.Func("clients", "`list` of numbers of concurrent clients, separated by commas (default 1,8,64)", func(v string) (err error) {
		s.clients, err = parseClients(v)
		return err
	})
	f.Func("operations", "`list` of operations to measure (default all: capture,send-keys,list,create+delete)", func(v string) (err error) {
		s.ops, err = parseOperations(v)
		return err
	})
	f.BoolVar(&s.live, "live", true, "core: with live screens, as by default; with false the service asks tmux for every capture")
	f.StringVar(&s.before, "before", "", "older `binary` of the service, with live screens; poll compares it with this one")
	f.StringVar(&s.jsonFile, "json", "", "write the figures to this `file`, too")
	f.BoolVar(&s.check, "check", false, "exit with 1 when a target is missed")
	if err := f.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return s, err
		}
		return s, usageError{err}
	}
	return s, s.validate(f.Args())
}

func (s *settings) validate(rest []string) error {
	switch {
	case len(rest) > 0:
		return usageError{fmt.Errorf("unexpected argument %q", rest[0])}
	case s.interplexer == "":
		return usageError{fmt.Errorf("--interplexer must name the service's binary")}
	case s.rounds < 1 || s.duration <= 0 || s.warmup < 0:
		return usageError{fmt.Errorf("--rounds and --duration must be positive, --warmup not negative")}
	}
	return nil
}

func parseClients(list string) ([]int, error) {
	var clients []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 1000 {
			return nil, fmt.Errorf("%q is not a number from 1 to 1000", part)
		}
		clients = append(clients, n)
	}
	slices.Sort(clients)
	return slices.Compact(clients), nil
}

func parseOperations(list string) ([]operation, error) {
	var ops []operation
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(operations, func(op operation) bool { return op.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no operation %q", name)
		}
		ops = append(ops, operations[i])
	}
	return ops, nil
}

// sessionCount returns the number of sessions that is needed for each client to
// have its own.
func (s *settings) sessionCount() int { return s.clients[len(s.clients)-1] }
