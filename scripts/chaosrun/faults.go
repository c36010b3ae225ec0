package main

import (
	"context"
	"fmt"
	"time"
)

// kinds are all faults. Each returns when it is over; what is left to do then
// is the service's.
var kinds = []kind{
	{name: "command client killed", weight: 10, do: (*chaos).killCommand},
	{name: "hub killed", weight: 10, do: (*chaos).killHub},
	{name: "both clients killed", weight: 6, do: (*chaos).killClients},
	{name: "command client stopped", weight: 4, least: 100 * time.Millisecond, most: 3 * time.Second, do: (*chaos).stopCommand},
	{name: "tmux server stopped", weight: 6, least: 50 * time.Millisecond, most: 3 * time.Second, do: (*chaos).stopTmux},
	{name: "tmux server killed", weight: 2, do: (*chaos).killTmux},
	{name: "tmux server and service killed", weight: 1, do: (*chaos).killAll},
	{name: "socket removed", weight: 3, do: (*chaos).removeSocket},
	{name: "session killed in tmux", weight: 6, do: (*chaos).killSession},
	{name: "panes flood", weight: 6, least: 100 * time.Millisecond, most: time.Second, do: (*chaos).flood},
	{name: "service stopped", weight: 5, least: 50 * time.Millisecond, most: 2 * time.Second, do: (*chaos).stopService},
	{name: "service killed", weight: 5, do: (*chaos).killService},
	{name: "service restarted", weight: 3, do: (*chaos).restartService},
	{name: "service killed, tmux server stopped", weight: 2, least: 50 * time.Millisecond, most: 2 * time.Second, do: (*chaos).killServiceStopTmux},
	{name: "clients killed, tmux server stopped", weight: 2, least: 50 * time.Millisecond, most: 2 * time.Second, do: (*chaos).killClientsStopTmux},
	{name: "Postgres stopped", weight: 6, least: 50 * time.Millisecond, most: 4 * time.Second, postgres: true, do: (*chaos).stopPostgres},
	{name: "Postgres killed", weight: 6, least: 50 * time.Millisecond, most: time.Second, postgres: true, do: (*chaos).killPostgres},
	{name: "tmux server and Postgres killed", weight: 1, least: 50 * time.Millisecond, most: time.Second, postgres: true, do: (*chaos).killTmuxAndPostgres},
}

// breakThings runs the plan, each fault when all works after the one before, until
// ctx is done.
func (c *chaos) breakThings(ctx context.Context, faults []kind) error {
	for f := range plan(c.seed, faults) {
		sleep(ctx, f.after)
		if ctx.Err() != nil {
			return nil
		}
		if err := f.kind.do(c, f); err != nil {
			return fmt.Errorf("chaos: %s: %w", f.kind.name, err)
		}
		after, err := c.recover(context.WithoutCancel(ctx))
		if err != nil {
			c.ledger.violation("after %q (%s): %v", f.kind.name, f.lasts, err)
			return c.autopsy()
		}
		c.tally.recovered(f.kind.name, after)
		c.logf("%s, %s: all works after %s", f.kind.name, round(f.lasts), round(after))
	}
	return nil
}

// recoverTime bounds the time in which all works again.
const recoverTime = 30 * time.Second

// recover waits until a session can be made, shows its screen, takes keys and
// can be deleted.
func (c *chaos) recover(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	for time.Since(start) < recoverTime {
		if c.prober.works(ctx) {
			return time.Since(start), nil
		}
		sleep(ctx, 10*time.Millisecond)
	}
	return 0, fmt.Errorf("nothing works for %s", recoverTime)
}

// works tries it once.
func (a *actor) works(ctx context.Context) bool {
	s := a.createOne(ctx, newMark(a.user.number, a.random.Uint64()))
	if s == nil {
		return false
	}
	one := choice{seed: a.random.Uint64()}
	a.get(ctx, s, one)
	a.capture(ctx, s, one)
	a.typeInto(ctx, s, one)
	a.remove(ctx, s, one)
	ok := false
	a.ledger.with(func() { ok = s.removed && s.sends[a.number][0].outcome == done && a.etags[s.mark] != "" })
	return ok
}
