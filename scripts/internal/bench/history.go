package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// runHistory measures what it costs the service and its other users that one
// captures a long history again and again.
func runHistory(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "history", args, out, func(ctx context.Context, b *bench, y *summary) error {
		ours, err := b.service(ctx, "a", "", "--history-limit", fmt.Sprint(historyLines))
		if err != nil {
			return err
		}
		if err := ours.furnish(ctx, 1); err != nil {
			return err
		}
		if _, _, err := typeAndPoll(ctx, ours.target, b.duration); err != nil { // as it is without histories
			return err
		}
		before, err := ours.resident()
		if err != nil {
			return err
		}
		reader, err := ours.newReader(ctx)
		if err != nil {
			return err
		}
		var histories atomic.Int64
		most := before
		seen, err := b.beside(ctx, ours.target, out,
			func(ctx context.Context) error { return untilStoppedDo(ctx, &histories, reader.capture) },
			func(ctx context.Context) error {
				for ctx.Err() == nil {
					now, err := ours.resident()
					if err != nil {
						return err
					}
					most = max(most, now)
					time.Sleep(5 * time.Millisecond)
				}
				return nil
			})
		if err != nil {
			return err
		}
		y.note("memory before, bytes", before, "memory %.1f MB, with histories %.1f MB", before/1e6, most/1e6)
		y.Figures["memory most, bytes"] = most
		fmt.Fprintf(out, "%.1f histories of %d lines a second\n", float64(histories.Load())/seen.busy.Seconds(), historyLines)
		seen.judge(y)
		y.Verdicts = append(y.Verdicts, atMost("memory that histories take in MB", (most-before)/1e6, 30))
		return nil
	})
}
