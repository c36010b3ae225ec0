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

	"interplexer/scripts/internal/process"
)

// stats counts the responses and the recoveries, and has figures about the processes.
type stats struct {
	mu         sync.Mutex                 // guards the fields below
	responses  map[string]map[string]int  // by request, then by response: how many
	recoveries map[string][]time.Duration // by fault: the times until everything worked
	figures    map[string]int             // by name: the largest sample
	requests   int
}

func newStats() *stats {
	return &stats{responses: map[string]map[string]int{}, recoveries: map[string][]time.Duration{}, figures: map[string]int{}}
}

// count counts a response to a kind of request, or an event.
func (t *stats) count(request, response string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.responses[request] == nil {
		t.responses[request] = map[string]int{}
	}
	t.responses[request][response]++
	if request != "event" && request != "frame" {
		t.requests++
	}
}

// recovered notes a fault and the time until everything worked again.
func (t *stats) recovered(kind string, after time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recoveries[kind] = append(t.recoveries[kind], after)
}

// most keeps the largest value of a figure.
func (t *stats) most(figure string, value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures[figure] = max(t.figures[figure], value)
}

// last keeps the last value of a figure.
func (t *stats) last(figure string, value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures[figure] = value
}

func (t *stats) print(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "\nrequest\tresponses (%d in all)\n", t.requests)
	for _, request := range slices.Sorted(maps.Keys(t.responses)) {
		fmt.Fprintf(w, "%s\t", request)
		for i, response := range slices.Sorted(maps.Keys(t.responses[request])) {
			if i > 0 {
				fmt.Fprint(w, ", ")
			}
			fmt.Fprintf(w, "%s: %d", response, t.responses[request][response])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\nfault\ttimes\teverything works after, p50\tmax\n")
	for _, kind := range slices.Sorted(maps.Keys(t.recoveries)) {
		times := slices.SortedFunc(slices.Values(t.recoveries[kind]), cmp.Compare)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", kind, len(times), round(times[len(times)/2]), round(times[len(times)-1]))
	}
	fmt.Fprint(w, "\nfigure\tmost\n")
	for _, figure := range slices.Sorted(maps.Keys(t.figures)) {
		fmt.Fprintf(w, "%s\t%d\n", figure, t.figures[figure])
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// Bounds of the samples.
const (
	maxChildren = 4       // of the service: two control clients, and two that replace them
	maxMemory   = 1 << 30 // of the service and of tmux, in bytes
)

// sample samples the processes until ctx is done.
func (c *chaos) sample(ctx context.Context) {
	for ; ctx.Err() == nil; sleep(ctx, 250*time.Millisecond) {
		c.sampleOnce()
	}
}

func (c *chaos) sampleOnce() {
	all, err := process.List(c.testbed.socket)
	if err != nil {
		c.model.violation("%v", err)
		return
	}
	service, children := int(c.servicePID.Load()), 0
	for _, p := range all {
		if p.Parent == service {
			children++
		}
		if p.IsTmuxServer() {
			c.bounded("tmux's memory, MB", megabytes(p.PID), maxMemory>>20)
		}
	}
	c.bounded("the service's memory, MB", megabytes(service), maxMemory>>20)
	c.bounded("the service's child processes", children, maxChildren)
}

// megabytes returns the resident memory of a process; 0: it has exited.
func megabytes(pid int) int {
	n, err := process.Memory(pid)
	if err != nil {
		return 0
	}
	return n >> 20
}

// bounded notes a sample and checks its bound.
func (c *chaos) bounded(figure string, value, bound int) {
	c.stats.most(figure, value)
	if value > bound {
		c.model.violation("%s: %d, more than %d", figure, value, bound)
	}
}

// hasBegun reports whether the program of a session reads its input, and handles
// SIGUSR1.
func (c *chaos) hasBegun(s *session) bool {
	info, err := os.Stat(c.testbed.typedFile(s.mark))
	return err == nil && info.Size() > 0
}
