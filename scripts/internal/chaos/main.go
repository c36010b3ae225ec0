// Command chaos breaks the service in every way that is known, at random and
// under load, and checks that it keeps what it promises: scripts/chaos builds
// and runs it.
//
// Three users' clients do what clients do over HTTP, strangers pry and send
// garbage, and one fault after another is made: processes are killed and
// stopped, sockets removed, panes flooded. The ledger has what was asked for
// and answered, and what is seen is judged against it. The same seed gives the
// same faults and the same choices of each client; what the machine makes of
// their times is its own.
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
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == witnessRole {
		if err := witness(os.Args[2], os.Args[3], os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(runAll(os.Args[1:], os.Stdout, os.Stderr))
}

// settings are the flags.
type settings struct {
	binary string
	lasts  time.Duration
	seed   uint64
	stores []string
	faults []kind
	file   string
	log    string
	loud   bool
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
	f.DurationVar(&s.lasts, "for", time.Minute, "`time` of load and faults; the checks come after")
	f.Uint64Var(&s.seed, "seed", rand.Uint64N(1_000_000), "`number` that the faults and the clients' choices follow from; default random")
	store := f.String("store", "both", "sqlite, postgres or both, one after the other")
	names := f.String("faults", "", "only faults whose names hold one of these, a `list` such as hub,Postgres")
	f.StringVar(&s.file, "json", "", "write what was seen to this `file` too")
	f.StringVar(&s.log, "log", "", "add the service's log to this `file`, instead of dropping it")
	f.BoolVar(&s.loud, "v", false, "tell each fault")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	s.stores = []string{*store}
	if *store == "both" {
		s.stores = []string{"sqlite", "postgres"}
	}
	for _, k := range kinds {
		if slices.ContainsFunc(strings.Split(*names, ","), func(part string) bool { return strings.Contains(k.name, part) }) {
			s.faults = append(s.faults, k)
		}
	}
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("what is %q?", f.Arg(0))
	case s.binary == "":
		return s, errors.New("name the service's binary with -interplexer, or run scripts/chaos")
	case *store != "both" && *store != "sqlite" && *store != "postgres":
		return s, fmt.Errorf("there is no store %q", *store)
	case len(s.faults) == 0:
		return s, fmt.Errorf("there is no fault called %q", *names)
	}
	return s, nil
}

// run is one run on one kind of store.
func (s settings) run(ctx context.Context, store string, out io.Writer) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	version, err := exec.CommandContext(ctx, "tmux", "-V").Output()
	if err != nil {
		return fmt.Errorf("chaos: tmux -V: %w", err)
	}
	fmt.Fprintf(out, "chaos: seed %d (again with -seed %d -store %s -for %s), %s", s.seed, s.seed, store, s.lasts, version)
	w, err := newWorld(s.binary, store, s.log)
	if err != nil {
		return err
	}
	defer w.close()
	var loud io.Writer
	if s.loud {
		loud = out
	}
	c := newChaos(s.seed, w, loud)
	faults := slices.DeleteFunc(slices.Clone(s.faults), func(k kind) bool { return k.postgres && w.postgres == nil })
	if err := c.run(ctx, s.lasts, faults); err != nil {
		return err
	}
	c.tally.print(out)
	if s.file != "" {
		if err := c.write(s.file, store); err != nil {
			return err
		}
	}
	return c.verdict(out, store)
}

// verdict prints what was wrong.
func (c *chaos) verdict(out io.Writer, store string) error {
	wrong := c.ledger.violations()
	if len(wrong) == 0 {
		fmt.Fprintf(out, "\nchaos: ok (seed %d, %s, %d requests, %d sessions, %d typed)\n", c.seed, store, c.tally.requests, len(c.ledger.lives), c.ledger.typedCount())
		return nil
	}
	fmt.Fprintf(out, "\nchaos: %d violations (seed %d, %s):\n", len(wrong), c.seed, store)
	for _, one := range wrong {
		fmt.Fprintln(out, " ", one)
	}
	fmt.Fprintf(out, "\nthe end of the service's log:\n%s\n", c.world.lastWords())
	return errViolated
}

// write keeps what was seen, a line for each run.
func (c *chaos) write(path, store string) error {
	text, err := json.Marshal(map[string]any{
		"seed": c.seed, "store": store, "answers": c.tally.answers, "recovered_ns": c.tally.faults,
		"figures": c.tally.figures, "violations": c.ledger.violations(),
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
