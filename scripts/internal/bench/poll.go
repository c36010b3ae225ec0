package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// runPoll measures what polls cost: of screens that do not change, that change,
// and that no cache knows, beside a fixed text and the spawner.
func runPoll(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "poll", args, out, func(ctx context.Context, b *bench, y *summary) error {
		contenders, err := b.pollContenders(ctx)
		if err != nil {
			return err
		}
		seen, err := b.race(ctx, contenders)
		if err != nil {
			return err
		}
		for _, c := range contenders {
			f := medians(seen[c.name])
			y.note(c.name, f.Rate, "%-28s %8.0f /s   p50 %7.3f ms   p99 %7.3f ms", c.name, f.Rate, milliseconds(f.P50), milliseconds(f.P99))
		}
		ratio := func(a, b string) float64 { return medianRatio(seen[a], seen[b]) }
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

// contender is one line of the race.
type contender struct {
	name  string
	addr  string
	steps []step
}

// race measures all in turn, in rounds, and returns what each round saw of each.
func (b *bench) race(ctx context.Context, all []contender) (map[string][]figures, error) {
	all = slices.Clone(all)
	measured := map[string][]figures{}
	for round := range b.rounds {
		fmt.Fprintf(b.out, "round %d of %d\n", round+1, b.rounds)
		for _, c := range all {
			f, err := load(ctx, c.addr, c.steps, b.warmup, b.duration)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			measured[c.name] = append(measured[c.name], f)
		}
		slices.Reverse(all)
	}
	return measured, nil
}

// pollContenders starts everything. Each client has a session of its own, but
// for the changing one, which all look at.
func (b *bench) pollContenders(ctx context.Context) ([]contender, error) {
	n := b.seats()
	fixed, c, err := startFixed(ctx, b.dir, n)
	if err != nil {
		return nil, err
	}
	b.stops.add(c.stop)
	spawner, err := b.spawner(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.service(ctx, "a", "")
	if err != nil {
		return nil, err
	}
	all := []*target{spawner, ours.target}
	var uncached, before, uncachedBefore *interplexer
	if b.before != "" {
		if uncached, err = b.service(ctx, "n", "", "--watch-idle", "0"); err != nil {
			return nil, err
		}
		if before, err = b.service(ctx, "o", b.before); err != nil {
			return nil, err
		}
		if uncachedBefore, err = b.service(ctx, "p", b.before, "--watch-idle", "0"); err != nil {
			return nil, err
		}
		all = append(all, uncached.target, before.target, uncachedBefore.target)
	}
	for _, t := range all {
		if err := t.furnish(ctx, n); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	changing, err := b.changing(ctx, ours.target)
	if err != nil {
		return nil, err
	}
	contenders := []contender{
		{"fixed", fixed.addr, each(fixed, n, pollStep)},
		{"unchanged", ours.addr, each(ours.target, n, pollStep)},
		{"304", ours.addr, each(ours.target, n, notModifiedStep)},
		{"changing", ours.addr, changing},
		{"spawner", spawner.addr, each(spawner, n, captureStep)},
	}
	if b.before != "" {
		contenders = append(contenders,
			contender{"unchanged before", before.addr, each(before.target, n, pollStep)},
			contender{"304 before", before.addr, each(before.target, n, notModifiedStep)},
			contender{"uncached", uncached.addr, each(uncached.target, n, captureStep)},
			contender{"uncached before", uncachedBefore.addr, each(uncachedBefore.target, n, captureStep)})
	}
	return contenders, nil
}

func each(t *target, n int, make func(*target, seat) step) []step {
	var steps []step
	for i := range n {
		steps = append(steps, make(t, t.seats[i]))
	}
	return steps
}

func capturePath(id string) string { return "/api/sessions/" + id + "/capture-pane" }

// pollStep expects the seat's own screen, to the byte.
func pollStep(t *target, s seat) step {
	request := t.request("GET", capturePath(s.id), "")
	return func(c *client) error {
		body, err := c.do(request, 200)
		if err == nil && !bytes.Equal(body, s.screen) {
			err = fmt.Errorf("%w: capture of %s: %.300q", errWrongBody, s.id, body)
		}
		return err
	}
}

// notModifiedStep asks once for the screen and then whether it is another.
func notModifiedStep(t *target, s seat) step {
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
		request = newRequest("GET", capturePath(s.id), t.addr, t.token, "", "If-None-Match: "+string(c.etag)+"\r\n")
		return nil
	}
}

// changing makes a session whose screen changes 20 times a second, and steps
// that look at it: every screen is one that could have been, and none is older
// than one that the client has seen.
func (b *bench) changing(ctx context.Context, t *target) ([]step, error) {
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
	request := t.request("GET", capturePath(id), "")
	for deadline := time.Now().Add(startTime); ; time.Sleep(10 * time.Millisecond) {
		body, err := c.do(request, 200)
		if err != nil {
			return nil, err
		}
		if _, err = checkFrame(body); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return nil, err
		}
	}
	steps := make([]step, b.seats())
	for i := range steps {
		seen := 0
		steps[i] = func(c *client) error {
			body, err := c.do(request, 200)
			if err != nil {
				return err
			}
			n, err := checkFrame(body)
			if err == nil && n < seen {
				err = fmt.Errorf("%w: frame %d after %d", errFrame, n, seen)
			}
			seen = n
			return err
		}
	}
	return steps, nil
}

// end ends one session.
func (t *target) end(ctx context.Context, id string) error {
	c, err := dial(context.WithoutCancel(ctx), t.addr)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.do(t.request("DELETE", "/api/sessions/"+id, ""), 204)
	return err
}
