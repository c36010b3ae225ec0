package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"interplexer/scripts/internal/process"
)

// scaleSizes are the numbers of sessions. The promises are about the last one.
var scaleSizes = []int{1, 10, 100, 500}

// runScale measures polls, lists and memory with more and more sessions.
func runScale(ctx context.Context, args []string, out io.Writer) error {
	return withSummary(ctx, "scale", args, out, func(ctx context.Context, b *bench, y *summary) error {
		p, err := b.startService(ctx, "a", "", "--watch-idle", "10m") // longer than the benchmark takes to create all
		if err != nil {
			return err
		}
		measured := map[int]scaleFigures{}
		for _, n := range scaleSizes {
			if measured[n], err = b.measureScale(ctx, p, n, y); err != nil {
				return err
			}
		}
		first, last := scaleSizes[0], scaleSizes[len(scaleSizes)-1]
		y.Verdicts = []verdict{
			atMost("time of an unchanged poll with 500 sessions over 1", measured[last].poll/measured[first].poll, 1.2),
			atMost("list of 500 sessions, p50 in ms", measured[last].list, 10),
			atMost("memory of a watched session in KB", (measured[last].memory-measured[first].memory)/float64(last-first)/1000, 100),
			atMost("windows in the hub of unwatched sessions", y.Figures["unwatched_hub_windows"], 0),
		}
		return nil
	})
}

// scaleFigures are the figures with one number of sessions.
type scaleFigures struct {
	poll, list float64 // p50 in ms
	memory     float64 // bytes
}

// measureScale creates sessions until there are n, watches all, and measures.
func (b *bench) measureScale(ctx context.Context, p *interplexer, n int, y *summary) (f scaleFigures, err error) {
	watched := len(p.sessions)
	if err := p.createIdleSessions(ctx, n); err != nil {
		return f, err
	}
	if n == scaleSizes[len(scaleSizes)-1] {
		linked, err := p.hubWindows(ctx)
		if err != nil {
			return f, err
		}
		y.note("unwatched_hub_windows", float64(linked-watched), "%d sessions, %d of them watched: %d windows in the hub", n, watched, linked)
	}
	if err := p.watchAll(ctx); err != nil {
		return f, err
	}
	if f.memory, err = p.memory(); err != nil {
		return f, err
	}
	measured, err := b.measureInTurn(ctx, []workload{
		{"poll", p.addr, []step{pollStep(p.target, p.sessions[n/2])}},
		{"list", p.addr, []step{listStep(p.target, p.sessions[0])}},
	})
	if err != nil {
		return f, err
	}
	f.poll, f.list = milliseconds(medians(measured["poll"]).P50), milliseconds(medians(measured["list"]).P50)
	y.note(fmt.Sprintf("poll_p50_ms_%d", n), f.poll, "%4d sessions: poll p50 %.3f ms, list p50 %.2f ms, memory %.1f MB", n, f.poll, f.list, f.memory/1e6)
	y.Figures[fmt.Sprintf("list_p50_ms_%d", n)], y.Figures[fmt.Sprintf("memory_bytes_%d", n)] = f.list, f.memory
	return f, nil
}

// createIdleSessions creates sessions until there are n. No client looks at them
// yet.
func (p *interplexer) createIdleSessions(ctx context.Context, n int) error {
	c, err := dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for i := len(p.sessions); i < n; i++ {
		text := screenText(i)
		id, err := p.create(c, screenCommand(text))
		if err != nil {
			return err
		}
		p.sessions = append(p.sessions, session{id: id, screen: []byte(text + "\n")})
	}
	return nil
}

// watchAll captures every session until it shows its text, and waits until its
// window is linked into the session of the hub.
func (p *interplexer) watchAll(ctx context.Context) error {
	c, err := dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, s := range p.sessions {
		if err := p.awaitScreen(ctx, c, s); err != nil {
			return err
		}
	}
	for linked := 0; linked < len(p.sessions); {
		if linked, err = p.hubWindows(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hubWindows returns the number of windows that are linked into the session of the
// hub. It asks tmux.
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

// memory returns the resident memory of the service in bytes.
func (p *interplexer) memory() (float64, error) {
	n, err := process.Memory(p.server.PID())
	return float64(n), err
}
