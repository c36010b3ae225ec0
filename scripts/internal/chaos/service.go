package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// service is one process of interplexer serve.
type service struct {
	cmd      *exec.Cmd
	expected atomic.Bool   // that it ends
	exited   chan struct{} // closed when it has
}

func (v *service) pid() int { return v.cmd.Process.Pid }

// start starts the service. onEnd is told when it ends by itself.
func (w *world) start(onEnd func(string)) error {
	log, err := os.OpenFile(w.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(w.binary, "serve", "--listen", w.addr, "--watch-idle", "2s")
	cmd.Env, cmd.Stdout, cmd.Stderr = w.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for this program
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("chaos: start the service: %w", err)
	}
	v := &service{cmd: cmd, exited: make(chan struct{})}
	w.service = v
	go func() {
		defer close(v.exited)
		if err := cmd.Wait(); !v.expected.Load() {
			onEnd(fmt.Sprintf("%v: %s", err, w.lastWords()))
		}
	}()
	return nil
}

// startTime is what the service gets until it serves.
const startTime = 30 * time.Second

// await waits until the service serves.
func (w *world) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
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
		case <-w.service.exited:
			return fmt.Errorf("chaos: the service ended: %s", w.lastWords())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("chaos: the service does not serve after %s: %s", startTime, w.lastWords())
}

// kill ends it the hard way.
func (v *service) kill() {
	v.expected.Store(true)
	_ = v.cmd.Process.Kill() // fails when it has ended
	<-v.exited
}

// stopTime is what the service gets to end in.
const stopTime = 30 * time.Second

// stop ends it as a service manager does.
func (v *service) stop() error {
	v.expected.Store(true)
	if err := v.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("chaos: stop the service: %w", err)
	}
	select {
	case <-v.exited:
	case <-time.After(stopTime):
		v.kill()
		return fmt.Errorf("the service did not end within %s of SIGTERM", stopTime)
	}
	if !v.cmd.ProcessState.Success() {
		return errors.New("the service ended badly: " + v.cmd.ProcessState.String())
	}
	return nil
}

// lastWords are the end of the service's log.
func (w *world) lastWords() string {
	text, err := os.ReadFile(w.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-3000):])
}
