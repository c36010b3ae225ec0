package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// runPoll measures polls of screens that do not change, of a screen that changes,
// and of screens that no cache has, beside a fixed text and the spawner.
func runPoll(ctx context.Context, args []string, out io.Writer) error {
	return withSummary(ctx, "poll", args, out, func(ctx context.Context, b *bench, y *summary) error {
		workloads, err := b.pollWorkloads(ctx)
		if err != nil {
			return err
		}
		measured, err := b.measureInTurn(ctx, workloads)
		if err != nil {
			return err
		}
		for _, w := range workloads {
			f := medians(measured[w.name])
			y.note(w.name, f.Rate, "%-28s %8.0f /s   p50 %7.3f ms   p99 %7.3f ms", w.name, f.Rate, milliseconds(f.P50), milliseconds(f.P99))
		}
		ratio := func(a, b string) float64 { return medianRatio(measured[a], measured[b]) }
		y.Verdicts = []verdict{
			atLeast("unchanged screens over the fixed text", ratio("unchanged", "fixed"), 0.85),
			atLeast("unchanged screens over the spawner", ratio("unchanged", "spawner"), 60),
			atLeast("304s over the fixed text", ratio("304", "fixed"), 0.95),
			atLeast("a screen that changes 20 times a second over the fixed text", ratio("changing", "fixed"), 0.8),
		}
		if b.before != "" {
			y.Verdicts = append(y.Verdicts,
				atLeast("unchanged screens over those of before", ratio("unchanged", "unchanged before"), 0.95),
				atLeast("304s over those of before", ratio("304", "304 before"), 0.95),
				atLeast("uncached captures over those of before", ratio("uncached", "uncached before"), 0.95))
		}
		return nil
	})
}

// workload is a server and the steps that its clients repeat.
type workload struct {
	name  string
	addr  string
	steps []step
}

// measureInTurn measures all workloads one after the other in each round, and
// returns the figures of each workload by round.
func (b *bench) measureInTurn(ctx context.Context, all []workload) (map[string][]figures, error) {
	all = slices.Clone(all)
	measured := map[string][]figures{}
	for round := range b.rounds {
		fmt.Fprintf(b.out, "round %d of %d\n", round+1, b.rounds)
		for _, w := range all {
			f, err := load(ctx, w.addr, w.steps, b.warmup, b.duration)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}
			measured[w.name] = append(measured[w.name], f)
		}
		slices.Reverse(all)
	}
	return measured, nil
}

// pollWorkloads starts all servers. Each client has a session of its own, except
// in the workload "changing", where all clients look at the same session.
func (b *bench) pollWorkloads(ctx context.Context) ([]workload, error) {
	n := b.sessionCount()
	fixed, err := b.startFixed(ctx, n)
	if err != nil {
		return nil, err
	}
	spawner, err := b.startSpawner(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.startService(ctx, "a", "")
	if err != nil {
		return nil, err
	}
	before, err := b.beforeWorkloads(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range []*target{spawner, ours.target} {
		if err := t.createSessions(ctx, n); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	changing, err := b.changing(ctx, ours.target)
	if err != nil {
		return nil, err
	}
	return append([]workload{
		{"fixed", fixed.addr, stepsOf(fixed, n, pollStep)},
		{"unchanged", ours.addr, stepsOf(ours.target, n, pollStep)},
		{"304", ours.addr, stepsOf(ours.target, n, notModifiedStep)},
		{"changing", ours.addr, changing},
		{"spawner", spawner.addr, stepsOf(spawner, n, captureStep)},
	}, before...), nil
}

// beforeWorkloads starts the older service of -before, and both services without
// live screens. Without -before there are none.
func (b *bench) beforeWorkloads(ctx context.Context) ([]workload, error) {
	if b.before == "" {
		return nil, nil
	}
	n := b.sessionCount()
	start := func(folder, binary string, flags ...string) (*target, error) {
		p, err := b.startService(ctx, folder, binary, flags...)
		if err != nil {
			return nil, err
		}
		return p.target, p.createSessions(ctx, n)
	}
	uncached, err := start("n", "", "--watch-idle", "0")
	if err != nil {
		return nil, err
	}
	before, err := start("o", b.before)
	if err != nil {
		return nil, err
	}
	uncachedBefore, err := start("p", b.before, "--watch-idle", "0")
	if err != nil {
		return nil, err
	}
	return []workload{
		{"unchanged before", before.addr, stepsOf(before, n, pollStep)},
		{"304 before", before.addr, stepsOf(before, n, notModifiedStep)},
		{"uncached", uncached.addr, stepsOf(uncached, n, captureStep)},
		{"uncached before", uncachedBefore.addr, stepsOf(uncachedBefore, n, captureStep)},
	}, nil
}

// stepsOf makes the steps of n clients, each with its own session.
func stepsOf(t *target, n int, makeStep func(*target, session) step) []step {
	var steps []step
	for i := range n {
		steps = append(steps, makeStep(t, t.sessions[i]))
	}
	return steps
}

func capturePath(id string) string { return "/api/sessions/" + id + "/capture-pane" }

// pollStep expects the screen of the session, to the byte.
func pollStep(t *target, s session) step {
	return s.expectScreen(t.request("GET", capturePath(s.id), ""))
}

// notModifiedStep requests the screen once. Then it requests it with the ETag, and
// expects the status 304.
func notModifiedStep(t *target, s session) step {
	first := pollStep(t, s)
	var request []byte
	return func(c *client) error {
		if request != nil {
			_, err := c.do(request, 304)
			return err
		}
		if err := first(c); err != nil {
			return err
		}
		request = t.conditionalRequest(capturePath(s.id), c.etag)
		return nil
	}
}

// changing creates a session whose screen changes 20 times a second. It returns the
// steps of the clients that look at it. They check that every screen is one that
// tmux could have shown, and that none is older than the one before.
func (b *bench) changing(ctx context.Context, t *target) ([]step, error) {
	request, err := b.createChanging(ctx, t)
	if err != nil {
		return nil, err
	}
	steps := make([]step, b.sessionCount())
	for i := range steps {
		newest := 0
		steps[i] = func(c *client) error {
			body, err := c.do(request, 200)
			if err != nil {
				return err
			}
			n, err := checkFrame(body)
			if err == nil && n < newest {
				err = fmt.Errorf("%w: frame %d after %d", errFrame, n, newest)
			}
			newest = n
			return err
		}
	}
	return steps, nil
}

// createChanging creates the session, waits until it shows a whole frame, and
// returns the request for a capture of it.
func (b *bench) createChanging(ctx context.Context, t *target) (request []byte, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, t.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	id, err := t.create(c, []string{self, framesRole})
	if err != nil {
		return nil, err
	}
	if b.databaseURL != "" {
		b.stops.add(func() error { return t.end(ctx, id) })
	}
	request = t.request("GET", capturePath(id), "")
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		body, err := c.do(request, 200)
		if err != nil {
			return nil, err
		}
		if _, err = checkFrame(body); err == nil || time.Now().After(deadline) {
			return request, err
		}
	}
}

// end deletes one session.
func (t *target) end(ctx context.Context, id string) error {
	c, err := dial(context.WithoutCancel(ctx), t.addr)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.do(t.request("DELETE", "/api/sessions/"+id, ""), 204)
	return err
}
