package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// autopsy tells what a service that does nothing any more was doing, and the
// processes about it, in a file that stays. The service is started anew.
func (c *chaos) autopsy() error {
	w := c.world
	var text strings.Builder
	all, err := processes(w.socket)
	if err != nil {
		return err
	}
	for _, p := range all {
		fmt.Fprintln(&text, p)
		for _, what := range []string{"status", "wchan", "stack"} { // the last is for root alone
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, what)); err == nil {
				fmt.Fprintln(&text, string(b))
			}
		}
	}
	w.service.expected.Store(true)
	if err := sendSignal(syscall.SIGQUIT, w.service.pid()); err != nil { // Go answers with all its goroutines
		return err
	}
	select {
	case <-w.service.exited:
	case <-time.After(stopTime):
		w.service.kill()
	}
	log, err := os.ReadFile(w.log)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	text.Write(log)
	file, err := os.CreateTemp("", "chaos-autopsy-")
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer file.Close()
	if _, err := file.WriteString(text.String()); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	c.ledger.violation("what it was doing: %s", file.Name())
	return c.start()
}
