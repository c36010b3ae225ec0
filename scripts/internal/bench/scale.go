package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// scaleSizes are numbers of sessions; the promises are about the last.
var scaleSizes = []int{1, 10, 100, 500}

// runScale measures how the service bears many sessions.
func runScale(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "scale", args, out, func(ctx context.Context, b *bench, y *summary) error {
		p, err := b.service(ctx, "a", "", "--watch-idle", "10m") // longer than it takes to make all
		if err != nil {
			return err
		}
		polls := map[int]float64{}
		memory := map[int]float64{}
		for _, n := range scaleSizes {
			if err := p.furnishIdle(ctx, n); err != nil {
				return err
			}
			if n == scaleSizes[len(scaleSizes)-1] {
				unwatched, err := p.hubWindows(ctx)
				if err != nil {
					return err
				}
				y.note("unwatched_hub_windows", float64(unwatched-scaleSizes[len(scaleSizes)-2]),
					"%d sessions, %d of them watched: %d windows in the hub", n, scaleSizes[len(scaleSizes)-2], unwatched)
			}
			if err := p.watchAll(ctx); err != nil {
				return err
			}
			if memory[n], err = p.resident(); err != nil {
				return err
			}
			seen, err := b.race(ctx, []contender{
				{"poll", p.addr, []step{pollStep(p.target, p.seats[n/2])}},
				{"list", p.addr, []step{listStep(p.target, p.seats[0])}},
			})
			if err != nil {
				return err
			}
			polls[n] = milliseconds(medians(seen["poll"]).P50)
			list := milliseconds(medians(seen["list"]).P50)
			y.note(fmt.Sprintf("poll_p50_ms_%d", n), polls[n], "%4d sessions: poll p50 %.3f ms, list p50 %.2f ms, memory %.1f MB", n, polls[n], list, memory[n]/1e6)
			y.Figures[fmt.Sprintf("list_p50_ms_%d", n)], y.Figures[fmt.Sprintf("memory_bytes_%d", n)] = list, memory[n]
		}
		first, last := scaleSizes[0], scaleSizes[len(scaleSizes)-1]
		y.Verdicts = []verdict{
			atMost("time of an unchanged poll with 500 sessions over 1", polls[last]/polls[first], 1.2),
			atMost("list of 500 sessions, p50 in ms", y.Figures["list_p50_ms_500"], 10),
			atMost("memory of a watched session in KB", (memory[last]-memory[first])/float64(last-first)/1000, 100),
			atMost("windows in the hub of unwatched sessions", y.Figures["unwatched_hub_windows"], 0),
		}
		return nil
	})
}

// furnishIdle makes sessions up to n, which nobody looks at yet. Each shows the
// same little.
func (p *interplexer) furnishIdle(ctx context.Context, n int) error {
	c, err := dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for i := len(p.seats); i < n; i++ {
		text := screenText(i)
		id, err := p.create(c, screenCommand(text))
		if err != nil {
			return err
		}
		p.seats = append(p.seats, seat{id: id, screen: []byte(text + "\n")})
	}
	return nil
}

// watchAll looks at every session until it shows its own text, and until its
// window is linked into the hub.
func (p *interplexer) watchAll(ctx context.Context) error {
	c, err := dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, s := range p.seats {
		if err := p.awaitScreen(ctx, c, s); err != nil {
			return err
		}
	}
	for linked := 0; linked < len(p.seats); {
		if linked, err = p.hubWindows(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hubWindows are the windows of sessions that are linked into the hub, as a
// plain tmux client sees them.
func (p *interplexer) hubWindows(ctx context.Context) (int, error) {
	cmd := exec.CommandContext(ctx, p.s.tmux, "-L", p.socket, "list-windows", "-a", "-F", "#{session_name} #{window_linked_sessions}")
	cmd.Env = append(os.Environ(), "TMUX_TMPDIR="+p.dir)
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "interplexer-anchor-") && strings.HasSuffix(line, " 2\n") {
			n++
		}
	}
	return n, nil
}

// resident is the service's memory in bytes.
func (p *interplexer) resident() (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.child.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("bench: no VmRSS")
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	return kb * 1024, err
}
