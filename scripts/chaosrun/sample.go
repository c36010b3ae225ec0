package main

import (
	"context"
	"os"
	"time"
)

// Bounds of what is sampled while it runs.
const (
	mostChildren = 4       // of the service: two clients, and those that replace them
	mostMemory   = 1 << 30 // of the service and of tmux, in bytes
)

// sample looks at the processes from time to time.
func (c *chaos) sample(ctx context.Context) {
	for ; ctx.Err() == nil; sleep(ctx, 250*time.Millisecond) {
		c.sampleOnce()
	}
}

func (c *chaos) sampleOnce() {
	all, err := processes(c.world.socket)
	if err != nil {
		c.ledger.violation("%v", err)
		return
	}
	service, children := int(c.servicePID.Load()), 0
	for _, p := range all {
		if p.parent == service {
			children++
		}
		if p.isServer() {
			c.bounded("tmux's memory, MB", residentMemory(p.pid)>>20, mostMemory>>20)
		}
	}
	c.bounded("the service's memory, MB", residentMemory(service)>>20, mostMemory>>20)
	c.bounded("the service's child processes", children, mostChildren)
}

func (c *chaos) bounded(figure string, value, bound int) {
	c.tally.most(figure, value)
	if value > bound {
		c.ledger.violation("%s: %d, more than %d", figure, value, bound)
	}
}

// begun: a session's program reads, and SIGUSR1 does not end it.
func (c *chaos) begun(s *life) bool {
	info, err := os.Stat(c.world.typedFile(s.mark))
	return err == nil && info.Size() > 0
}
