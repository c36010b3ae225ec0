package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// heldPolls is how many long-polls are held at once.
const heldPolls = 1000

// runHeld measures what a thousand long-polls cost while nothing happens, for
// the benchmark's duration, and how soon all are answered when something does,
// beside a handler that does nothing else.
func runHeld(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "held", args, out, func(ctx context.Context, b *bench, y *summary) error {
		if b.duration > 55*time.Second {
			return usageError{fmt.Errorf("--duration must be at most 55s: a request is held for 60 s")}
		}
		p, err := b.service(ctx, "a", "")
		if err != nil {
			return err
		}
		fixed, c, err := startHeldFixed(ctx, b.dir)
		if err != nil {
			return err
		}
		b.stops.add(c.stop)
		ours, least := &holders{t: p.target}, &holders{t: fixed}
		both := []*holders{ours, least}
		for _, h := range both {
			defer h.close()
			if err := h.open(ctx); err != nil {
				return err
			}
		}
		var shares []float64
		for round := range b.rounds {
			fmt.Fprintf(out, "round %d of %d\n", round+1, b.rounds)
			share, err := holdBoth(ctx, p, both, b.duration)
			if err != nil {
				return err
			}
			shares = append(shares, share)
			slices.Reverse(both) // who answers first
		}
		share, longest, leastLongest := median(shares), milliseconds(median(ours.last)), milliseconds(median(least.last))
		ratios := make([]float64, b.rounds)
		for i := range ratios {
			ratios[i] = float64(ours.last[i]) / float64(least.last[i])
		}
		worst, leastWorst := milliseconds(slices.Max(ours.last)), milliseconds(slices.Max(least.last))
		y.note("last answer ms", longest, "%d long-polls: the last is answered %.1f ms after the change,", heldPolls, longest)
		y.note("worst last answer ms", worst, "in the worst round %.1f ms;", worst)
		y.note("fixed last answer ms", leastLongest, "by a Gin handler that does nothing else, %.1f ms,", leastLongest)
		y.note("fixed worst last answer ms", leastWorst, "in the worst round %.1f ms", leastWorst)
		y.note("processor share", share, "held, they take %.2f %% of a processor", 100*share)
		y.Verdicts = []verdict{
			atMost("time until the last of 1,000 is answered, in ms", longest, 50),
			atMost("that time over the fixed handler's", median(ratios), 1.5),
			atMost("share of a processor while nothing happens, in %", 100*share, 5),
		}
		return nil
	})
}

// holdBoth has the clients of both wait for d, in which p uses a share of a
// processor, and then answers them one after the other.
func holdBoth(ctx context.Context, p *interplexer, both []*holders, d time.Duration) (share float64, err error) {
	for _, h := range both {
		if err := h.hold(ctx); err != nil {
			return 0, err
		}
	}
	before, err := p.processorTime()
	if err != nil {
		return 0, err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := p.processorTime()
	if err != nil {
		return 0, err
	}
	for _, h := range both {
		if err := h.release(); err != nil {
			return 0, err
		}
	}
	return (after - before).Seconds() / d.Seconds(), nil
}

// holders are the clients of a session that shows what is typed.
type holders struct {
	t       *target
	id      string
	typist  *client
	waiting []*client
	answers chan error      // one for each that waits
	last    []time.Duration // how long the last answer of each round took
}

func (h *holders) open(ctx context.Context) error {
	var err error
	if h.typist, err = dial(ctx, h.t.addr); err != nil {
		return err
	}
	for range heldPolls {
		c, err := dial(ctx, h.t.addr)
		if err != nil {
			return err
		}
		h.waiting = append(h.waiting, c)
	}
	h.answers = make(chan error, heldPolls)
	h.id, err = h.t.create(h.typist, []string{"sh", "-c", "stty raw -echo; exec cat"})
	return err
}

func (h *holders) close() {
	for _, c := range append(h.waiting, h.typist) {
		if c != nil {
			c.close()
		}
	}
}

// hold has each look at the screen, and then wait for any other.
func (h *holders) hold(ctx context.Context) error {
	look := h.t.request("GET", capturePath(h.id), "")
	for _, c := range h.waiting {
		if _, err := c.do(look, 200); err != nil {
			return err
		}
	}
	for _, c := range h.waiting {
		request := newRequest("GET", capturePath(h.id)+"?wait=60", h.t.addr, h.t.token, "", "If-None-Match: "+string(c.etag)+"\r\n")
		go func() {
			_, err := c.do(request, 200)
			h.answers <- err
		}()
	}
	for held := 0; held < heldPolls; {
		var err error
		if held, err = h.held(ctx); err != nil {
			return err
		}
		if len(h.answers) > 0 {
			return fmt.Errorf("%w: one is answered before all are held (%v)", errResponse, <-h.answers)
		}
	}
	return nil
}

// release types, and waits until all are answered.
func (h *holders) release() error {
	if len(h.answers) > 0 {
		return fmt.Errorf("%w: one is answered though nothing has changed (%v)", errResponse, <-h.answers)
	}
	changed := time.Now()
	if _, err := h.typist.do(h.t.request("POST", "/api/sessions/"+h.id+"/send-keys", `{"text":"x"}`), 204); err != nil {
		return err
	}
	for range heldPolls {
		if err := <-h.answers; err != nil {
			return err
		}
	}
	h.last = append(h.last, time.Since(changed))
	return nil
}

// held is how many requests the service holds, by its metrics, which are too
// long for a Content-Length.
func (h *holders) held(ctx context.Context) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.t.addr+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+h.t.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(page, []byte("\ninterplexer_held_requests "))
	number, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.Atoi(string(number))
}

// processorTime is what the service has used so far (proc_pid_stat(5); its
// ticks are hundredths of a second).
func (p *interplexer) processorTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.child.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
