package session

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// takeTime is how long a shell may take to begin with what was typed.
	takeTime = 5 * time.Second
	// lastBytes is how long nothing may come of what a command that has ended wrote,
	// before the rest is taken for lost.
	lastBytes = 3 * time.Second
	// lastWords is the same when the shell has ended as well, and mostWords how long
	// what takes its place is listened to.
	lastWords = 200 * time.Millisecond
	mostWords = 3 * time.Second
	// lastReport is how long a report that was made may be on its way.
	lastReport = 100 * time.Millisecond
	// aliveEvery is how often it is looked whether the shell is still there,
	// besides when the session changes.
	aliveEvery = 500 * time.Millisecond
)

// shellRun is one command in a shell. Its goroutine ends when the run is over.
type shellRun struct {
	paneOfRun
	id         string
	user       int64
	ownSession bool // which ends with it
	terminal   *shellTerminal
	script     *script
	ear        *ear
	over       chan struct{} // closed when what follows is final

	mu       sync.Mutex // guards what follows
	began    time.Time  // zero: it has not yet
	ended    time.Time
	exitCode *int
	gone     bool // the shell is
	err      error
}

func (x *shellRun) isOver() bool {
	select {
	case <-x.over:
		return true
	default:
		return false
	}
}

// await waits until the run is over.
func (x *shellRun) await(ctx context.Context) (RunResult, error) {
	select {
	case <-x.over:
		return x.result(), x.err
	case <-ctx.Done():
	}
	if x.isOver() {
		return x.result(), x.err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return RunResult{}, ctx.Err()
	}
	return RunResult{}, &RunTimeoutError{Seen: x.result()}
}

func (x *shellRun) result() RunResult {
	x.mu.Lock()
	defer x.mu.Unlock()
	res := RunResult{ID: x.id, Session: x.session, ExitCode: x.exitCode, ShellEnded: x.gone}
	res.Output, res.Truncated = x.ear.heard()
	switch {
	case x.began.IsZero():
	case x.ended.IsZero():
		res.Duration = time.Since(x.began)
	default:
		res.Duration = x.ended.Sub(x.began)
	}
	return res
}

// follow waits for what the shell reports.
func (x *shellRun) follow(ctx context.Context, v *Viewer) {
	reports := x.script.reports()
	take := time.NewTimer(takeTime)
	defer take.Stop()
	look := time.NewTicker(aliveEvery)
	defer look.Stop()
	for {
		changes := v.Changes()
		if x.interrupted() {
			x.afterInterrupt(reports)
			return
		}
		if !x.terminal.alive() && len(reports) == 0 {
			x.finish(nil, true)
			return
		}
		select {
		case line := <-reports:
			if x.told(line) {
				return
			}
		case <-changes:
		case <-look.C:
			_ = x.script.renew() // as long as there is no room, there may be later
		case <-take.C:
			if x.hasBegun() {
				continue
			}
			_ = x.terminal.show(reveal)
			x.fail(fmt.Errorf("%w: the shell has not taken what was typed", ErrUnknownOutcome))
			return
		case <-ctx.Done():
			x.fail(ErrUnavailable)
			return
		}
	}
}

// interruptedCode is what $? is after an interrupt.
const interruptedCode = 130

// interrupted reports whether a shell that cannot tell it has given the script up.
func (x *shellRun) interrupted() bool {
	if x.terminal.shell != dash && x.terminal.shell != busybox || !x.hasBegun() || x.terminal.holdsScript() {
		return false
	}
	return x.terminal.alive() && x.terminal.awaitPrompt(context.Background()) == nil
}

// afterInterrupt ends a run whose shell does not read the script any more. It may
// have read all of it.
func (x *shellRun) afterInterrupt(reports <-chan string) {
	last := time.NewTimer(lastReport)
	defer last.Stop()
	for {
		select {
		case line := <-reports:
			if x.told(line) {
				return
			}
		case <-last.C:
			x.ear.closeAtLine()
			code := interruptedCode
			x.finish(&code, false)
			return
		}
	}
}

// told takes a line of the shell's report; over: it was the last.
func (x *shellRun) told(line string) (over bool) {
	if line == "begin" {
		x.mu.Lock()
		x.began = time.Now()
		x.mu.Unlock()
		return false
	}
	digits, isEnd := strings.CutPrefix(line, "end ")
	code, err := strconv.Atoi(digits)
	if !isEnd || err != nil {
		return false
	}
	x.finish(&code, false)
	return true
}

// isRead reports whether the shell has read all of the script that it will.
func (x *shellRun) isRead() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err == nil
}

func (x *shellRun) hasBegun() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.began.IsZero()
}

// finish notes the end, and waits for what the command wrote before.
func (x *shellRun) finish(code *int, gone bool) {
	at := time.Now()
	if gone { // no mark will come
		x.hearOut(lastWords, mostWords)
	} else {
		x.hearOut(lastBytes, MaxRunTime)
	}
	x.ear.gap()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended, x.exitCode, x.gone = at, code, gone
}

// hearOut waits until all was heard, or nothing has come for so long, or for most.
func (x *shellRun) hearOut(patience, most time.Duration) {
	end := time.Now().Add(most)
	last := time.NewTimer(patience)
	defer last.Stop()
	for heard := x.ear.told(); ; {
		select {
		case <-x.ear.over:
			return
		case <-last.C:
		}
		now := x.ear.told()
		if now == heard || time.Now().After(end) {
			return
		}
		heard = now
		last.Reset(patience)
	}
}

func (x *shellRun) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended, x.err = time.Now(), err
}
