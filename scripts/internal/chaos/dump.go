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
	text, err := describeProcesses(w.socket)
	if err != nil {
		return err
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
	file, err := os.CreateTemp("", "chaos-dump-")
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer file.Close()
	if _, err := file.Write(append([]byte(text), log...)); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	c.model.violation("the stacks of the service and the state of the processes are in %s", file.Name())
	return c.start()
}

// describeProcesses returns the state of the processes whose command lines contain a
// text.
func describeProcesses(text string) (string, error) {
	all, err := process.List(text)
	if err != nil {
		return "", err
	}
	var state strings.Builder
	for _, p := range all {
		fmt.Fprintln(&state, p)
		for _, name := range []string{"status", "wchan", "stack"} { // root alone may read the last
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID, name)); err == nil {
				fmt.Fprintln(&state, string(b))
			}
		}
	}
	return state.String(), nil
}
