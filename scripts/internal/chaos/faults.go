package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"interplexer/cmd/interplexer/faults"
	"interplexer/scripts/internal/process"
)

// kind is a fault of the catalogue, and its place in the plan.
type kind struct {
	faults.Fault
	weight      int           // how often it is chosen, relative to the others
	least, most time.Duration // bounds of how long it lasts
	// check checks the effect after the fault. It gets the tmux server's process of
	// before. nil: there is nothing to check besides that everything works again.
	check func(c *chaos, tmux int)
}

// kinds are the faults of the plan. A seed stands for the same faults only as long
// as their order, weights and times stay the same.
var kinds = []kind{
	{Fault: faults.CommandClientKilled, weight: 10},
	{Fault: faults.HubKilled, weight: 10},
	{Fault: faults.ClientsKilled, weight: 6},
	{Fault: faults.CommandClientStopped, weight: 4, least: 100 * time.Millisecond, most: 3 * time.Second},
	{Fault: faults.TmuxStopped, weight: 6, least: 50 * time.Millisecond, most: 3 * time.Second},
	{Fault: faults.TmuxKilled, weight: 2},
	{Fault: faults.TmuxAndServiceKilled, weight: 1},
	{Fault: faults.SocketRemoved, weight: 3, check: (*chaos).checkSocket},
	{Fault: faults.SessionKilled, weight: 6},
	{Fault: faults.PanesFlood, weight: 6, least: 100 * time.Millisecond, most: time.Second},
	{Fault: faults.ServiceStopped, weight: 5, least: 50 * time.Millisecond, most: 2 * time.Second},
	{Fault: faults.ServiceKilled, weight: 5},
	{Fault: faults.ServiceRestarted, weight: 3},
	{Fault: faults.ServiceKilledTmuxStopped, weight: 2, least: 50 * time.Millisecond, most: 2 * time.Second},
	{Fault: faults.ClientsKilledTmuxStopped, weight: 2, least: 50 * time.Millisecond, most: 2 * time.Second},
	{Fault: faults.PostgresStopped, weight: 6, least: 50 * time.Millisecond, most: 4 * time.Second},
	{Fault: faults.PostgresKilled, weight: 6, least: 50 * time.Millisecond, most: time.Second},
	{Fault: faults.TmuxAndPostgresKilled, weight: 1, least: 50 * time.Millisecond, most: time.Second},
}

// runPlan makes the faults of the plan until ctx is done. Each one begins when
// everything works after the one before.
func (c *chaos) runPlan(ctx context.Context, kinds []kind) error {
	for f := range plan(c.seed, kinds) {
		sleep(ctx, f.after)
		if ctx.Err() != nil {
			return nil
		}
		if err := c.makeFault(f); err != nil {
			return fmt.Errorf("chaos: %s: %w", f.kind.Name, err)
		}
		after, err := c.awaitRecovery(context.WithoutCancel(ctx))
		if err != nil {
			c.model.violation("after %q (%s): %v", f.kind.Name, f.lasts, err)
			return c.dumpHung()
		}
		c.stats.recovered(f.kind.Name, after)
		c.logf("%s, %s: everything works after %s", f.kind.Name, round(f.lasts), round(after))
	}
	return nil
}

// makeFault injects a fault, waits, and undoes it.
func (c *chaos) makeFault(f fault) error {
	tmux := 0
	if f.kind.check != nil {
		var err error
		if tmux, err = c.tmuxServer(); err != nil {
			return err
		}
	}
	endsAll := f.kind.Effect.Ends == faults.EndsAll
	if endsAll {
		c.model.locked(func() { c.model.tmuxDied = time.Now().Add(time.Hour) })
	}
	undo, err := f.kind.Inject(c.system(f))
	if endsAll {
		c.model.locked(func() { c.model.tmuxDied = time.Now() })
	}
	time.Sleep(f.lasts)
	if undo != nil {
		err = errors.Join(err, undo())
	}
	switch {
	case errors.Is(err, faults.ErrNoSession): // the owner has deleted it before
	case errors.Is(err, syscall.ESRCH): // the process has exited before
	case err != nil:
		return err
	}
	if f.kind.Effect.Severs {
		if err := c.testbed.awaitService(context.Background()); err != nil {
			return err
		}
	}
	if f.kind.check != nil {
		f.kind.check(c, tmux)
	}
	return nil
}

// system describes what a fault acts on.
func (c *chaos) system(f fault) *faults.System {
	s := &faults.System{
		Service:    breakable{c},
		Clients:    c.controlClients,
		TmuxServer: c.tmuxServer,
		Tmux:       c.testbed.tmux,
		Session:    func() (faults.Session, error) { return c.chooseSession(f.pick) },
		Flooders:   func() ([]int, error) { return c.chooseFlooders(f.pick) },
		Socket:     c.testbed.socketFile(),
	}
	if c.testbed.postgres != nil {
		s.Postgres = c.testbed.postgres
	}
	return s
}

// breakable is the service, for faults.
type breakable struct{ c *chaos }

func (b breakable) PID() int { return b.c.testbed.service.PID() }

func (b breakable) Kill() { b.c.testbed.service.kill() }

func (b breakable) Stop() error {
	if err := b.c.testbed.service.stop(); err != nil {
		b.c.model.violation("%v", err)
	}
	return nil
}

func (b breakable) Start() error { return b.c.startService() }

func (b breakable) Second() error { return errors.New("chaos: there is one service only") }

// targetTimeout bounds the waits for the processes that a fault is done to.
const targetTimeout = 10 * time.Second

var errNoTarget = errors.New("the process of the fault is not there")

// controlClients waits until the service has both control clients, and returns
// them.
func (c *chaos) controlClients() (command, hub []int, err error) {
	for start := time.Now(); time.Since(start) < targetTimeout; time.Sleep(5 * time.Millisecond) {
		command, hub, err = c.testbed.controlClients()
		if err != nil || len(command) > 0 && len(hub) > 0 {
			return command, hub, err
		}
	}
	return nil, nil, errNoTarget
}

// tmuxServer waits until the tmux server is there, and returns its process.
func (c *chaos) tmuxServer() (int, error) {
	for start := time.Now(); time.Since(start) < targetTimeout; time.Sleep(5 * time.Millisecond) {
		if pid, err := c.testbed.tmuxServer(); pid != 0 || err != nil {
			return pid, err
		}
	}
	return 0, errNoTarget
}

// chooseSession chooses one of all users' sessions, which the fault ends.
func (c *chaos) chooseSession(pick float64) (faults.Session, error) {
	var all []*session
	for _, u := range c.users {
		all = append(all, c.model.usable(u.name)...)
	}
	if len(all) == 0 {
		return faults.Session{}, faults.ErrNoSession
	}
	s := all[at(pick, len(all))]
	c.model.locked(func() { s.killed = true })
	return faults.Session{Target: fmt.Sprintf("=session-%d:", s.id), PID: s.pid}, nil
}

// chooseFlooders returns the programs of every other session. They flood their
// terminals when they get SIGUSR1; those of usable sessions handle it by now.
func (c *chaos) chooseFlooders(pick float64) (pids []int, err error) {
	for _, u := range c.users {
		for i, s := range c.model.usable(u.name) {
			if i%2 != int(pick*2) {
				continue
			}
			all, err := process.List(s.mark)
			if err != nil {
				return nil, err
			}
			for _, p := range all {
				if p.PID == s.pid { // still its program
					pids = append(pids, p.PID)
				}
			}
		}
	}
	return pids, nil
}

// checkSocket waits until the socket leads to the tmux server of before.
func (c *chaos) checkSocket(tmux int) {
	for start := time.Now(); time.Since(start) < targetTimeout; time.Sleep(20 * time.Millisecond) {
		if now, err := c.testbed.tmux("display-message", "-p", "#{pid}"); err == nil {
			if now != fmt.Sprint(tmux) {
				c.model.violation("the socket leads to %s, not to %d, after it was removed", now, tmux)
			}
			return
		}
	}
	c.model.violation("the socket was removed and is not back after %s", targetTimeout)
}

// recoveryTimeout bounds the time until everything works again.
const recoveryTimeout = 30 * time.Second

// awaitRecovery waits until a session can be created, captured, typed into and
// deleted, and returns how long that took.
func (c *chaos) awaitRecovery(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	for time.Since(start) < recoveryTimeout {
		if c.prober.tryAll(ctx) {
			return time.Since(start), nil
		}
		sleep(ctx, 10*time.Millisecond)
	}
	return 0, fmt.Errorf("nothing works for %s", recoveryTimeout)
}

// tryAll tries it once.
func (a *client) tryAll(ctx context.Context) bool {
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
	a.model.locked(func() { ok = s.removed && s.sends[a.number][0].outcome == done && a.etags[s.mark] != "" })
	return ok
}
