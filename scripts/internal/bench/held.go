package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"interplexer/scripts/internal/process"
)

// heldPolls is the number of long-polls that are held at the same time.
const heldPolls = 1000

// runHeld measures a thousand long-polls: the processor time that they take while
// nothing changes, for the benchmark's duration, and how soon all get a response
// when something changes. It compares them with a handler that does nothing else.
func runHeld(ctx context.Context, args []string, out io.Writer) error {
	return withSummary(ctx, "held", args, out, func(ctx context.Context, b *bench, y *summary) error {
		if b.duration > 55*time.Second {
			return usageError{fmt.Errorf("--duration must be at most 55s: a request is held for 60 s")}
		}
		p, err := b.startService(ctx, "a", "")
		if err != nil {
			return err
		}
		fixedTarget, err := b.startHeldFixed(ctx)
		if err != nil {
			return err
		}
		ours, fixed := &heldClients{t: p.target}, &heldClients{t: fixedTarget}
		defer ours.close()
		defer fixed.close()
		shares, err := b.measureHeld(ctx, p, ours, fixed)
		if err != nil {
			return err
		}
		judgeHeld(y, median(shares), ours.last, fixed.last)
		return nil
	})
}

// measureHeld runs the rounds, and returns the share of a processor that the
// service took in each of them.
func (b *bench) measureHeld(ctx context.Context, p *interplexer, ours, fixed *heldClients) (shares []float64, err error) {
	both := []*heldClients{ours, fixed}
	for _, h := range both {
		if err := h.open(ctx); err != nil {
			return nil, err
		}
	}
	for round := range b.rounds {
		fmt.Fprintf(b.out, "round %d of %d\n", round+1, b.rounds)
		share, err := holdBoth(ctx, p, both, b.duration)
		if err != nil {
			return nil, err
		}
		shares = append(shares, share)
		slices.Reverse(both) // the other one responds first
	}
	return shares, nil
}

// judgeHeld notes the figures. ours and fixed have the time until the last response
// of each round.
func judgeHeld(y *summary, share float64, ours, fixed []time.Duration) {
	last, fixedLast := milliseconds(median(ours)), milliseconds(median(fixed))
	worst, fixedWorst := milliseconds(slices.Max(ours)), milliseconds(slices.Max(fixed))
	ratios := make([]float64, len(ours))
	for i := range ratios {
		ratios[i] = float64(ours[i]) / float64(fixed[i])
	}
	y.note("last answer ms", last, "%d long-polls: the last response comes %.1f ms after the change,", heldPolls, last)
	y.note("worst last answer ms", worst, "in the worst round %.1f ms;", worst)
	y.note("fixed last answer ms", fixedLast, "from a Gin handler that does nothing else after %.1f ms,", fixedLast)
	y.note("fixed worst last answer ms", fixedWorst, "in the worst round %.1f ms", fixedWorst)
	y.note("processor share", share, "while they are held, they take %.2f %% of a processor", 100*share)
	y.Verdicts = []verdict{
		atMost("time until the last of 1,000 is answered, in ms", last, 50),
		atMost("that time over the fixed handler's", median(ratios), 1.5),
		atMost("share of a processor while nothing happens, in %", 100*share, 5),
	}
}

// holdBoth lets the clients of both servers wait for d, and returns the share of a
// processor that p takes meanwhile. Then it ends the requests of one server after
// the other.
func holdBoth(ctx context.Context, p *interplexer, both []*heldClients, d time.Duration) (share float64, err error) {
	for _, h := range both {
		if err := h.hold(ctx); err != nil {
			return 0, err
		}
	}
	before, err := process.CPUTime(p.server.PID())
	if err != nil {
		return 0, err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := process.CPUTime(p.server.PID())
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

// heldClients are clients whose requests one server holds. They all look at one
// session, which echoes its input.
type heldClients struct {
	t         *target
	id        string // of the session
	typist    *client
	waiting   []*client
	responses chan error      // the result of each waiting client
	last      []time.Duration // of each round: from the change to the last response
}

func (h *heldClients) open(ctx context.Context) error {
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
	h.responses = make(chan error, heldPolls)
	h.id, err = h.t.create(h.typist, []string{"sh", "-c", "stty raw -echo; exec cat"})
	return err
}

func (h *heldClients) close() {
	for _, c := range append(h.waiting, h.typist) {
		if c != nil {
			c.close()
		}
	}
}

// hold makes each client request the screen, and then wait for another one. It
// returns when the server holds all requests.
func (h *heldClients) hold(ctx context.Context) error {
	capture := h.t.request("GET", capturePath(h.id), "")
	for _, c := range h.waiting {
		if _, err := c.do(capture, 200); err != nil {
			return err
		}
	}
	for _, c := range h.waiting {
		request := h.t.conditionalRequest(capturePath(h.id)+"?wait=60", c.etag)
		go func() {
			_, err := c.do(request, 200)
			h.responses <- err
		}()
	}
	for held := 0; held < heldPolls; {
		var err error
		if held, err = h.held(ctx); err != nil {
			return err
		}
		if len(h.responses) > 0 {
			return fmt.Errorf("%w: a response came before all requests were held (%v)", errResponse, <-h.responses)
		}
	}
	return nil
}

// release types a key, and waits for the responses to all requests.
func (h *heldClients) release() error {
	if len(h.responses) > 0 {
		return fmt.Errorf("%w: a response came though nothing had changed (%v)", errResponse, <-h.responses)
	}
	changed := time.Now()
	if _, err := h.typist.do(h.t.request("POST", "/api/sessions/"+h.id+"/send-keys", `{"text":"x"}`), 204); err != nil {
		return err
	}
	for range heldPolls {
		if err := <-h.responses; err != nil {
			return err
		}
	}
	h.last = append(h.last, time.Since(changed))
	return nil
}

// held returns the number of requests that the server holds, from its metrics. It
// uses net/http, because that page is too long to have a Content-Length.
func (h *heldClients) held(ctx context.Context) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.t.addr+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+h.t.token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(page, []byte("\ninterplexer_held_requests "))
	number, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.Atoi(string(number))
}
