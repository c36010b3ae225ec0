package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"sync/atomic"
	"time"

	"interplexer/scripts/internal/process"
)

const (
	startTimeout = 30 * time.Second // until the service serves
	stopTimeout  = 30 * time.Second // until it has exited after SIGTERM
)

// service is one process of interplexer serve.
type service struct {
	*process.Process
	exits atomic.Bool // it is expected to exit
}

// startService starts the service. It calls onExit when the service exits and is
// not expected to.
func (w *testbed) startService(onExit func(status string)) error {
	cmd := exec.Command(w.binary, "serve", "--listen", w.addr, "--watch-idle", "2s")
	cmd.Env = w.env
	p, err := process.Start(cmd, w.log)
	if err != nil {
		return fmt.Errorf("chaos: start the service: %w", err)
	}
	v := &service{Process: p}
	w.service = v
	go func() {
		if status := v.Status(); !v.exits.Load() {
			onExit(status + ": " + v.LogTail())
		}
	}()
	return nil
}

// awaitService waits until the service serves.
func (w *testbed) awaitService(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, "GET", w.url()+"/healthz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			return res.Body.Close()
		}
		select {
		case <-w.service.Exited():
			return fmt.Errorf("chaos: the service exited: %s", w.service.LogTail())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("chaos: the service does not serve after %s: %s", startTimeout, w.service.LogTail())
}

// kill kills the service and waits until it has exited.
func (v *service) kill() {
	v.exits.Store(true)
	v.Kill()
}

// stop stops the service as a service manager does.
func (v *service) stop() error {
	v.exits.Store(true)
	return v.Stop(stopTimeout)
}
