package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// heldPolls is how many long-polls are held at once.
const heldPolls = 1000

// runHeld measures what a thousand long-polls cost while nothing happens, for
// the benchmark's duration, and how soon all are answered when something does.
func runHeld(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "held", args, out, func(ctx context.Context, b *bench, y *summary) error {
		if b.duration > 55*time.Second {
			return usageError{fmt.Errorf("--duration must be at most 55s: a request is held for 60 s")}
		}
		p, err := b.service(ctx, "a", "")
		if err != nil {
			return err
		}
		h := &holders{p: p}
		defer h.close()
		if err := h.open(ctx); err != nil {
			return err
		}
		var last []time.Duration
		var shares []float64
		for round := range b.rounds {
			fmt.Fprintf(out, "round %d of %d\n", round+1, b.rounds)
			took, share, err := h.round(ctx, b.duration)
			if err != nil {
				return err
			}
			last, shares = append(last, took), append(shares, share)
		}
		longest, share := milliseconds(median(last)), median(shares)
		y.note("last answer ms", longest, "%d long-polls: the last is answered %.1f ms after the change", heldPolls, longest)
		y.note("processor share", share, "held, they take %.2f %% of a processor", 100*share)
		y.Verdicts = []verdict{
			atMost("time until the last of 1,000 is answered, in ms", longest, 50),
			atMost("share of a processor while nothing happens, in %", 100*share, 5),
		}
		return nil
	})
}

// holders are the clients of a session that shows what is typed.
type holders struct {
	p       *interplexer
	id      string
	typist  *client
	waiting []*client
}

func (h *holders) open(ctx context.Context) error {
	var err error
	if h.typist, err = dial(ctx, h.p.addr); err != nil {
		return err
	}
	for range heldPolls {
		c, err := dial(ctx, h.p.addr)
		if err != nil {
			return err
		}
		h.waiting = append(h.waiting, c)
	}
	h.id, err = h.p.create(h.typist, []string{"sh", "-c", "stty raw -echo; exec cat"})
	return err
}

func (h *holders) close() {
	for _, c := range append(h.waiting, h.typist) {
		if c != nil {
			c.close()
		}
	}
}

// round has each look at the screen, then holds a request of each for any other, for
// d, and then types.
func (h *holders) round(ctx context.Context, d time.Duration) (last time.Duration, share float64, err error) {
	look := h.p.request("GET", capturePath(h.id), "")
	for _, c := range h.waiting {
		if _, err := c.do(look, 200); err != nil {
			return 0, 0, err
		}
	}
	answers := make(chan error, heldPolls)
	for _, c := range h.waiting {
		request := newRequest("GET", capturePath(h.id)+"?wait=60", h.p.addr, h.p.token, "", "If-None-Match: "+string(c.etag)+"\r\n")
		go func() {
			_, err := c.do(request, 200)
			answers <- err
		}()
	}
	for held := 0; held < heldPolls; {
		if held, err = h.held(ctx); err != nil {
			return 0, 0, err
		}
		if len(answers) > 0 {
			return 0, 0, fmt.Errorf("%w: one is answered before all are held (%v)", errResponse, <-answers)
		}
	}
	before, err := h.p.processorTime()
	if err != nil {
		return 0, 0, err
	}
	select {
	case err := <-answers:
		return 0, 0, fmt.Errorf("%w: one is answered though nothing has changed (%v)", errResponse, err)
	case <-time.After(d):
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	after, err := h.p.processorTime()
	if err != nil {
		return 0, 0, err
	}
	changed := time.Now()
	if _, err := h.typist.do(h.p.request("POST", "/api/sessions/"+h.id+"/send-keys", `{"text":"x"}`), 204); err != nil {
		return 0, 0, err
	}
	for range heldPolls {
		if err := <-answers; err != nil {
			return 0, 0, err
		}
	}
	return time.Since(changed), (after - before).Seconds() / d.Seconds(), nil
}

// held is how many requests the service holds, by its metrics, which are too
// long for a Content-Length.
func (h *holders) held(ctx context.Context) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.p.addr+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+h.p.token)
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
