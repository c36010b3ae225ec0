package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// runHistory measures the cost of a user who captures a long history again and
// again: the memory of the service, and the latency of another user.
func runHistory(ctx context.Context, args []string, out io.Writer) error {
	return withSummary(ctx, "history", args, out, func(ctx context.Context, b *bench, y *summary) error {
		ours, err := b.startService(ctx, "a", "", "--history-limit", fmt.Sprint(historyLines))
		if err != nil {
			return err
		}
		if err := ours.createSessions(ctx, 1); err != nil {
			return err
		}
		if _, _, err := typeAndPoll(ctx, ours.target, b.duration); err != nil { // the memory is now that of a service without histories
			return err
		}
		before, err := ours.memory()
		if err != nil {
			return err
		}
		reader, err := ours.newReader(ctx)
		if err != nil {
			return err
		}
		var histories atomic.Int64
		most := before
		measured, err := b.measureUser(ctx, ours.target, out,
			func(ctx context.Context) error { return repeatUntilDone(ctx, &histories, reader.capture) },
			func(ctx context.Context) error { return ours.sampleMemory(ctx, &most) })
		if err != nil {
			return err
		}
		y.note("memory before, bytes", before, "memory %.1f MB, with histories %.1f MB", before/1e6, most/1e6)
		y.Figures["memory most, bytes"] = most
		fmt.Fprintf(out, "%.1f histories of %d lines a second\n", float64(histories.Load())/measured.busy.Seconds(), historyLines)
		measured.judge(y)
		y.Verdicts = append(y.Verdicts, atMost("memory that histories take in MB", (most-before)/1e6, 30))
		return nil
	})
}

// sampleMemory keeps the largest memory of the service in most, until ctx is done.
func (p *interplexer) sampleMemory(ctx context.Context, most *float64) error {
	for ctx.Err() == nil {
		now, err := p.memory()
		if err != nil {
			return err
		}
		*most = max(*most, now)
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}
