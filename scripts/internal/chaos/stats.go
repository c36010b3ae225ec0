package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// tally counts what was seen.
type tally struct {
	mu       sync.Mutex // guards what follows
	answers  map[string]map[string]int
	faults   map[string][]time.Duration // the times to recover
	figures  map[string]int             // the most that was sampled
	requests int
}

func newTally() *tally {
	return &tally{answers: map[string]map[string]int{}, faults: map[string][]time.Duration{}, figures: map[string]int{}}
}

func (t *tally) count(what, answer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answers[what] == nil {
		t.answers[what] = map[string]int{}
	}
	t.answers[what][answer]++
	if what != "event" && what != "frame" {
		t.requests++
	}
}

// recovered notes a fault and the time until everything worked again.
func (t *tally) recovered(kind string, after time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[kind] = append(t.faults[kind], after)
}

// most keeps the largest value of a figure.
func (t *tally) most(figure string, value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures[figure] = max(t.figures[figure], value)
}

// last keeps the last value of a figure.
func (t *tally) last(figure string, value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures[figure] = value
}

func (t *tally) print(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "\nrequest\tanswers (%d in all)\n", t.requests)
	for _, what := range slices.Sorted(maps.Keys(t.answers)) {
		fmt.Fprintf(w, "%s\t", what)
		for i, answer := range slices.Sorted(maps.Keys(t.answers[what])) {
			if i > 0 {
				fmt.Fprint(w, ", ")
			}
			fmt.Fprintf(w, "%s: %d", answer, t.answers[what][answer])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\nfault\ttimes\tall works again after, p50\tmax\n")
	for _, kind := range slices.Sorted(maps.Keys(t.faults)) {
		times := slices.SortedFunc(slices.Values(t.faults[kind]), cmp.Compare)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", kind, len(times), round(times[len(times)/2]), round(times[len(times)-1]))
	}
	fmt.Fprint(w, "\nfigure\tmost\n")
	for _, figure := range slices.Sorted(maps.Keys(t.figures)) {
		fmt.Fprintf(w, "%s\t%d\n", figure, t.figures[figure])
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// Bounds of what is sampled while it runs.
const (
	mostChildren = 4       // of the service: two clients, and those that replace them
	mostMemory   = 1 << 30 // of the service and of tmux, in bytes
)

// sample looks at the processes from time to time.
func (c *chaos) sample(ctx context.Context) {
	for ; ctx.Err() == nil; sleep(ctx, 250*time.Millisecond) {
		c.sampleOnce()
	}
}

func (c *chaos) sampleOnce() {
	all, err := processes(c.world.socket)
	if err != nil {
		c.ledger.violation("%v", err)
		return
	}
	service, children := int(c.servicePID.Load()), 0
	for _, p := range all {
		if p.parent == service {
			children++
		}
		if p.isServer() {
			c.bounded("tmux's memory, MB", residentMemory(p.pid)>>20, mostMemory>>20)
		}
	}
	c.bounded("the service's memory, MB", residentMemory(service)>>20, mostMemory>>20)
	c.bounded("the service's child processes", children, mostChildren)
}

func (c *chaos) bounded(figure string, value, bound int) {
	c.tally.most(figure, value)
	if value > bound {
		c.ledger.violation("%s: %d, more than %d", figure, value, bound)
	}
}

// begun: a session's program reads, and SIGUSR1 does not end it.
func (c *chaos) begun(s *life) bool {
	info, err := os.Stat(c.world.typedFile(s.mark))
	return err == nil && info.Size() > 0
}
