package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"interplexer/scripts/internal/process"
)

// dumpHung writes the state of a service that does not answer any more, and of the
// processes about it, to a file that is not removed. Then it starts the service
// again.
func (c *chaos) dumpHung() error {
	w := c.testbed
	var text strings.Builder
	all, err := process.List(w.socket)
	if err != nil {
		return err
	}
	for _, p := range all {
		fmt.Fprintln(&text, p)
		for _, name := range []string{"status", "wchan", "stack"} { // root alone may read the last
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID, name)); err == nil {
				fmt.Fprintln(&text, string(b))
			}
		}
	}
	w.service.exits.Store(true)
	// A Go program writes the stacks of all goroutines to its log.
	if err := syscall.Kill(w.service.PID(), syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-w.service.Exited():
	case <-time.After(stopTimeout):
		w.service.kill()
	}
	log, err := os.ReadFile(w.log)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	text.Write(log)
	file, err := os.CreateTemp("", "chaos-dump-")
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer file.Close()
	if _, err := file.WriteString(text.String()); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	c.model.violation("the stacks of the service and the state of the processes are in %s", file.Name())
	return c.start()
}
