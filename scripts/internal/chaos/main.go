// Command chaos breaks the service at random and under load, and checks that the
// service keeps its promises. The script scripts/chaos builds it and runs it.
//
// The clients of three users make requests over HTTP. Those of a fourth user request
// sessions that are not theirs, and send malformed requests. Meanwhile one fault
// after another is made: processes are killed and stopped, sockets removed, panes
// flooded. The model has the requests and the responses to them, and everything that
// the clients see is checked against it. A seed gives the same faults and the same
// choices of each client every time, but not the same times: those depend on the
// machine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"interplexer/cmd/interplexer/faults"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == programRole {
		if err := runSessionProgram(os.Args[2], os.Args[3], os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(runAll(os.Args[1:], os.Stdout, os.Stderr))
}

// settings are the flags.
type settings struct {
	binary  string // of the service
	lasts   time.Duration
	seed    uint64
	stores  []string
	kinds   []kind // of faults
	file    string // for the results
	log     string // file for the service's log; "" drops it
	verbose bool
}

var errViolated = errors.New("chaos: violations")

func runAll(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := parseSettings(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "chaos:", err)
		return 2
	}
	for _, store := range s.stores {
		err = errors.Join(err, s.run(ctx, store, stdout))
	}
	if err != nil && !errors.Is(err, errViolated) {
		fmt.Fprintln(stderr, err)
	}
	if err != nil || ctx.Err() != nil {
		return 1
	}
	return 0
}

func parseSettings(args []string, out io.Writer) (settings, error) {
	s := settings{}
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&s.binary, "interplexer", os.Getenv("INTERPLEXER_CHAOS_BINARY"), "`binary` of the service; scripts/chaos builds it")
	f.DurationVar(&s.lasts, "for", time.Minute, "`time` of load and faults; more checks come after it")
	f.Uint64Var(&s.seed, "seed", rand.Uint64N(1_000_000), "`number` that decides the faults and the clients' choices; default random")
	store := f.String("store", "both", "sqlite, postgres or both, one after the other")
	names := f.String("faults", "", "only faults whose names contain one of these, a `list` such as hub,Postgres")
	f.StringVar(&s.file, "json", "", "append the results to this `file`, too")
	f.StringVar(&s.log, "log", "", "append the service's log to this `file`, instead of dropping it")
	f.BoolVar(&s.verbose, "v", false, "print each fault")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	s.stores = []string{*store}
	if *store == "both" {
		s.stores = []string{"sqlite", "postgres"}
	}
	for _, k := range kinds {
		if slices.ContainsFunc(strings.Split(*names, ","), func(part string) bool { return strings.Contains(k.Name, part) }) {
			s.kinds = append(s.kinds, k)
		}
	}
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case s.binary == "":
		return s, errors.New("name the service's binary with -interplexer, or run scripts/chaos")
	case *store != "both" && *store != "sqlite" && *store != "postgres":
		return s, fmt.Errorf("there is no store %q", *store)
	case len(s.kinds) == 0:
		return s, fmt.Errorf("there is no fault with the name %q", *names)
	}
	return s, nil
}

// run makes one run, on one kind of store.
func (s settings) run(ctx context.Context, store string, out io.Writer) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	version, err := exec.CommandContext(ctx, "tmux", "-V").Output()
	if err != nil {
		return fmt.Errorf("chaos: tmux -V: %w", err)
	}
	fmt.Fprintf(out, "chaos: seed %d (again with -seed %d -store %s -for %s), %s", s.seed, s.seed, store, s.lasts, version)
	w, err := newTestbed(s.binary, store, s.log)
	if err != nil {
		return err
	}
	defer w.close()
	var verbose io.Writer
	if s.verbose {
		verbose = out
	}
	c := newChaos(s.seed, w, verbose)
	kinds := slices.DeleteFunc(slices.Clone(s.kinds), func(k kind) bool { return k.Needs == faults.NeedsPostgres && w.postgres == nil })
	if err := c.run(ctx, s.lasts, kinds); err != nil {
		return err
	}
	c.stats.print(out)
	if s.file != "" {
		if err := c.write(s.file, store); err != nil {
			return err
		}
	}
	return c.verdict(out, store)
}

// verdict prints the violations, and fails if there are any.
func (c *chaos) verdict(out io.Writer, store string) error {
	wrong := c.model.violations()
	if len(wrong) == 0 {
		fmt.Fprintf(out, "\nchaos: ok (seed %d, %s, %d requests, %d sessions, %d typed)\n", c.seed, store, c.stats.requests, len(c.model.sessions), c.model.sendCount())
		return nil
	}
	fmt.Fprintf(out, "\nchaos: %d violations (seed %d, %s):\n", len(wrong), c.seed, store)
	for _, one := range wrong {
		fmt.Fprintln(out, " ", one)
	}
	fmt.Fprintf(out, "\nthe end of the service's log:\n%s\n", c.testbed.service.LogTail())
	return errViolated
}

// write appends the results to a file, a line for each run.
func (c *chaos) write(path, store string) error {
	text, err := json.Marshal(map[string]any{
		"seed": c.seed, "store": store, "answers": c.stats.responses, "recovered_ns": c.stats.recoveries,
		"figures": c.stats.figures, "violations": c.model.violations(),
	})
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	return errors.Join(err, file.Close())
}
