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
	seed    uint64
	out     io.Writer // gets a line for each fault; nil: none
	testbed *testbed
	model   *model
	stats   *stats

	users    []*user // the owners of the sessions that clients use
	stranger *user   // has no sessions
	admin    *user
	prober   *client // whose requests have to succeed after a fault

	servicePID atomic.Int64
	baseline   map[string]int // the service's metrics at its start
	began      time.Time
}

func newChaos(seed uint64, w *testbed, out io.Writer) *chaos {
	c := &chaos{seed: seed, out: out, testbed: w, model: newModel(), stats: newStats(), began: time.Now()}
	for i, name := range []string{"alice", "bob", "carol"} {
		c.users = append(c.users, newUser(name, i))
	}
	c.stranger, c.admin = newUser("stranger", 100), newUser("root", 101)
	c.prober = c.newClient("prober", newUser("prober", 102), 0)
	return c
}

func (c *chaos) newClient(name string, u *user, number int) *client {
	return &client{
		chaos: c, user: u, number: number, random: source(c.seed, name+" itself"),
		newest: map[string]int{}, etags: map[string]string{},
	}
}

func (c *chaos) allUsers() []*user {
	return append(slices.Clone(c.users), c.stranger, c.admin, c.prober.user)
}

func (c *chaos) userNamed(name string) *user {
	all := c.allUsers()
	return all[slices.IndexFunc(all, func(u *user) bool { return u.name == name })]
}

func (c *chaos) logf(format string, args ...any) {
	if c.out != nil {
		fmt.Fprintf(c.out, "%8s  %s\n", time.Since(c.began).Round(time.Millisecond), fmt.Sprintf(format, args...))
	}
}

// startService starts the service, and does not wait until it serves.
func (c *chaos) startService() error {
	err := c.testbed.startService(func(status string) { c.model.violation("the service exited by itself: %s", status) })
	if err != nil {
		return err
	}
	c.servicePID.Store(int64(c.testbed.service.PID()))
	return nil
}

// start starts the service and waits until it serves.
func (c *chaos) start() error {
	if err := c.startService(); err != nil {
		return err
	}
	return c.testbed.awaitService(context.Background())
}

// run makes load and faults for a time, and then checks the end.
func (c *chaos) run(ctx context.Context, lasts time.Duration, kinds []kind) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.began = time.Now()
	loaded, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	var group sync.WaitGroup
	c.load(loaded, &group)
	group.Go(func() { c.sample(loaded) })
	err := c.runPlan(loaded, kinds)
	if err != nil {
		cancel()
	}
	group.Wait()
	if err != nil || ctx.Err() != nil {
		return err
	}
	c.logf("the load is over")
	c.finalChecks(ctx)
	return nil
}

// begin starts the service and notes its metrics when everything works.
func (c *chaos) begin(ctx context.Context) error {
	if err := c.testbed.addUsers(c.admin, c.users[0], c.users[1], c.users[2], c.stranger, c.prober.user); err != nil {
		return err
	}
	if err := c.start(); err != nil {
		return err
	}
	if _, err := c.awaitRecovery(ctx); err != nil {
		return fmt.Errorf("chaos: before any fault: %w: %s", err, c.testbed.service.LogTail())
	}
	var err error
	c.baseline, err = c.metrics(ctx)
	return err
}

// load starts the clients.
func (c *chaos) load(ctx context.Context, group *sync.WaitGroup) {
	number := 0
	start := func(u *user, kind string, weights map[string]int) {
		number++
		name := fmt.Sprintf("%s %s %d", u.name, kind, number)
		a := c.newClient(name, u, number)
		group.Go(func() { a.act(ctx, name, weights) })
	}
	for _, u := range c.users {
		start(u, "client", clientWeights)
		start(u, "client", clientWeights)
		start(u, "listener", listenerWeights)
		start(u, "terminal", terminalWeights)
	}
	start(c.stranger, "stranger", strangerWeights)
	start(c.stranger, "stranger", strangerWeights)
}
