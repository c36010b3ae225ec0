package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// chaos is one run.
type chaos struct {
	seed   uint64
	out    io.Writer // nil: nobody wants to hear of every fault
	world  *world
	ledger *ledger
	tally  *tally

	users    []*user // whose sessions are looked at
	stranger *user
	admin    *user
	prober   *actor // whose requests have to succeed after a fault

	servicePID atomic.Int64
	baseline   map[string]int // the service's metrics at its start
	began      time.Time
}

func newChaos(seed uint64, w *world, out io.Writer) *chaos {
	c := &chaos{seed: seed, out: out, world: w, ledger: newLedger(), tally: newTally(), began: time.Now()}
	for i, name := range []string{"alice", "bob", "carol"} {
		c.users = append(c.users, newUser(name, i))
	}
	c.stranger, c.admin = newUser("stranger", 100), newUser("root", 101)
	c.prober = c.newActor("prober", newUser("prober", 102), 0)
	return c
}

func (c *chaos) newActor(name string, u *user, number int) *actor {
	return &actor{
		chaos: c, user: u, number: number, random: source(c.seed, name+" itself"),
		newest: map[string]int{}, etags: map[string]string{},
	}
}

func (c *chaos) everybody() []*user {
	return append(slices.Clone(c.users), c.stranger, c.admin, c.prober.user)
}

func (c *chaos) userNamed(name string) *user {
	all := c.everybody()
	return all[slices.IndexFunc(all, func(u *user) bool { return u.name == name })]
}

func (c *chaos) logf(format string, args ...any) {
	if c.out != nil {
		fmt.Fprintf(c.out, "%8s  %s\n", time.Since(c.began).Round(time.Millisecond), fmt.Sprintf(format, args...))
	}
}

// start starts the service and waits until it serves.
func (c *chaos) start() error {
	err := c.world.start(func(how string) { c.ledger.violation("the service ended by itself: %s", how) })
	if err != nil {
		return err
	}
	c.servicePID.Store(int64(c.world.service.pid()))
	return c.world.await(context.Background())
}

// run loads and breaks everything for a time, and then looks at what is left.
func (c *chaos) run(ctx context.Context, lasts time.Duration, faults []kind) error {
	if err := c.world.addUsers(c.admin, c.users[0], c.users[1], c.users[2], c.stranger, c.prober.user); err != nil {
		return err
	}
	if err := c.start(); err != nil {
		return err
	}
	if _, err := c.recover(ctx); err != nil {
		return fmt.Errorf("chaos: before any fault: %w: %s", err, c.world.lastWords())
	}
	var err error
	if c.baseline, err = c.figures(ctx); err != nil {
		return err
	}
	c.began = time.Now()
	loaded, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	var group sync.WaitGroup
	c.load(loaded, &group)
	group.Go(func() { c.sample(loaded) })
	if err = c.breakThings(loaded, faults); err != nil {
		cancel()
	}
	group.Wait()
	if err != nil || ctx.Err() != nil {
		return err
	}
	c.logf("the load is over")
	c.finale(ctx)
	return nil
}

// load starts the actors.
func (c *chaos) load(ctx context.Context, group *sync.WaitGroup) {
	number := 0
	begin := func(u *user, kind string, weights map[string]int) {
		number++
		name := fmt.Sprintf("%s %s %d", u.name, kind, number)
		a := c.newActor(name, u, number)
		group.Go(func() { a.act(ctx, name, weights) })
	}
	for _, u := range c.users {
		begin(u, "client", ofClient)
		begin(u, "client", ofClient)
		begin(u, "listener", ofListener)
		begin(u, "terminal", ofTerminal)
	}
	begin(c.stranger, "stranger", ofStranger)
	begin(c.stranger, "stranger", ofStranger)
}
