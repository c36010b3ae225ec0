package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
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

// waitTime bounds the waits for what a fault is done to.
const waitTime = 10 * time.Second

var errNoTarget = errors.New("there is nothing to do it to")

// targets waits for the service's clients.
func (c *chaos) targets() (command, hub []int, err error) {
	for start := time.Now(); time.Since(start) < waitTime; time.Sleep(5 * time.Millisecond) {
		command, hub, err = c.world.clients()
		if err != nil || len(command) > 0 && len(hub) > 0 {
			return command, hub, err
		}
	}
	return nil, nil, errNoTarget
}

func (c *chaos) killCommand(fault) error {
	command, _, err := c.targets()
	return errors.Join(err, sendSignal(syscall.SIGKILL, command...))
}

func (c *chaos) killHub(fault) error {
	_, hub, err := c.targets()
	return errors.Join(err, sendSignal(syscall.SIGKILL, hub...))
}

func (c *chaos) killClients(fault) error {
	command, hub, err := c.targets()
	return errors.Join(err, sendSignal(syscall.SIGKILL, slices.Concat(command, hub)...))
}

func (c *chaos) stopCommand(f fault) error {
	command, _, err := c.targets()
	return errors.Join(err, pause(f, command...))
}

// pause stops processes for a while.
func pause(f fault, pids ...int) error {
	if err := sendSignal(syscall.SIGSTOP, pids...); err != nil {
		return err
	}
	time.Sleep(f.lasts)
	return sendSignal(syscall.SIGCONT, pids...)
}

// server waits for the tmux server.
func (c *chaos) server() (int, error) {
	for start := time.Now(); time.Since(start) < waitTime; time.Sleep(5 * time.Millisecond) {
		if pid, err := c.world.tmuxServer(); pid != 0 || err != nil {
			return pid, err
		}
	}
	return 0, errNoTarget
}

func (c *chaos) stopTmux(f fault) error {
	pid, err := c.server()
	return errors.Join(err, pause(f, pid))
}

// endTmux kills the tmux server, after which its sessions may be lost.
func (c *chaos) endTmux(besides ...int) error {
	pid, err := c.server()
	if err != nil {
		return err
	}
	c.ledger.with(func() { c.ledger.tmuxDied = time.Now().Add(time.Hour) })
	err = sendSignal(syscall.SIGKILL, append([]int{pid}, besides...)...)
	for lives(pid) {
		time.Sleep(time.Millisecond)
	}
	c.ledger.with(func() { c.ledger.tmuxDied = time.Now() })
	return err
}

func (c *chaos) killTmux(fault) error { return c.endTmux() }

func (c *chaos) killAll(fault) error {
	c.world.service.expected.Store(true)
	err := c.endTmux(c.world.service.pid())
	c.world.service.kill()
	return errors.Join(err, c.start())
}

// removeSocket also waits until tmux can be reached by it again.
func (c *chaos) removeSocket(fault) error {
	pid, err := c.server()
	if err != nil {
		return err
	}
	if err := os.Remove(c.world.socketFile()); err != nil {
		return err
	}
	for start := time.Now(); time.Since(start) < waitTime; time.Sleep(20 * time.Millisecond) {
		if now, err := c.world.tmux("display-message", "-p", "#{pid}"); err == nil {
			if now != fmt.Sprint(pid) {
				c.ledger.violation("the socket leads to %s, not to %d, after it was removed", now, pid)
			}
			return nil
		}
	}
	c.ledger.violation("the socket was removed and is not back after %s", waitTime)
	return nil
}

func (c *chaos) killSession(f fault) error {
	var all []*life
	for _, u := range c.users {
		all = append(all, c.ledger.usable(u.name)...)
	}
	if len(all) == 0 {
		return nil
	}
	s := all[at(f.pick, len(all))]
	c.ledger.with(func() { s.killed = true })
	_, err := c.world.tmux("kill-session", "-t", fmt.Sprintf("=session-%d", s.id))
	if err != nil && strings.Contains(err.Error(), "can't find session") {
		return nil // its owner was faster
	}
	return err
}

// flood makes every other program flood its terminal.
func (c *chaos) flood(f fault) error {
	for _, u := range c.users {
		for i, s := range c.ledger.usable(u.name) {
			if i%2 == int(f.pick*2) {
				if err := c.nudge(s); err != nil {
					return err
				}
			}
		}
	}
	time.Sleep(f.lasts)
	return nil
}

// nudge signals a session's program, if the pid is still its own; usable ones
// have begun.
func (c *chaos) nudge(s *life) error {
	all, err := processes(s.mark)
	for _, p := range all {
		if p.pid == s.pid {
			return sendSignal(syscall.SIGUSR1, p.pid)
		}
	}
	return err
}

func (c *chaos) stopService(f fault) error { return pause(f, c.world.service.pid()) }

func (c *chaos) killService(fault) error {
	c.world.service.kill()
	return c.start()
}

func (c *chaos) restartService(fault) error {
	if err := c.world.service.stop(); err != nil {
		c.ledger.violation("%v: %s", err, c.world.lastWords())
	}
	return c.start()
}

func (c *chaos) killServiceStopTmux(f fault) error {
	pid, err := c.server()
	if err != nil {
		return err
	}
	if err := sendSignal(syscall.SIGSTOP, pid); err != nil {
		return err
	}
	c.world.service.kill()
	woken := make(chan error, 1)
	time.AfterFunc(f.lasts, func() { woken <- sendSignal(syscall.SIGCONT, pid) })
	return errors.Join(c.start(), <-woken)
}

func (c *chaos) killClientsStopTmux(f fault) error {
	command, hub, err := c.targets()
	if err != nil {
		return err
	}
	pid, err := c.server()
	if err != nil {
		return err
	}
	if err := sendSignal(syscall.SIGSTOP, pid); err != nil {
		return err
	}
	err = sendSignal(syscall.SIGKILL, slices.Concat(command, hub)...)
	time.Sleep(f.lasts)
	return errors.Join(err, sendSignal(syscall.SIGCONT, pid))
}

func (c *chaos) stopPostgres(f fault) error {
	if err := c.world.postgres.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(f.lasts)
	return c.world.postgres.Signal(syscall.SIGCONT)
}

func (c *chaos) killPostgres(f fault) error {
	if err := c.world.postgres.Kill(); err != nil {
		return err
	}
	time.Sleep(f.lasts)
	return c.world.postgres.Start()
}

func (c *chaos) killTmuxAndPostgres(f fault) error {
	if err := c.world.postgres.Kill(); err != nil {
		return err
	}
	err := c.endTmux()
	time.Sleep(f.lasts)
	return errors.Join(err, c.world.postgres.Start())
}
