package shellrun

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/controlmode"
)

// run is one command on its way. Its goroutine ends when the run is over.
type run struct {
	id         string
	session    int64
	pane       controlmode.PaneID // with session, a name for good: a session does not outlive tmux
	user       int64
	ownSession bool // which ends with it
	recorder   *recorder
	now        func() time.Time
	over       chan struct{} // closed when what follows is final

	mu       sync.Mutex // guards what follows
	began    time.Time  // zero: it has not yet
	ended    time.Time
	exitCode *int
	gone     bool // the shell is
	err      error
}

// newRun is a run in a pane. The output between the marks is recorded, up to
// maxOutput bytes.
func (r *Runner) newRun(p session.Principal, sessionID int64, pane controlmode.PaneID, m marks, maxOutput int) *run {
	return &run{
		id: session.RandomID(), session: sessionID, pane: pane, user: p.UserID,
		recorder: newRecorder(m, maxOutput), now: r.now, over: make(chan struct{}),
	}
}

func (x *run) isOver() bool {
	select {
	case <-x.over:
		return true
	default:
		return false
	}
}

// await waits until the run is over.
func (x *run) await(ctx context.Context) (session.RunResult, error) {
	select {
	case <-x.over:
		return x.result(), x.err
	case <-ctx.Done():
	}
	if x.isOver() {
		return x.result(), x.err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return session.RunResult{}, ctx.Err()
	}
	return session.RunResult{}, &session.RunTimeoutError{Seen: x.result()}
}

func (x *run) result() session.RunResult {
	x.mu.Lock()
	defer x.mu.Unlock()
	res := session.RunResult{ID: x.id, Session: x.session, ExitCode: x.exitCode, ShellEnded: x.gone}
	res.Output, res.Truncated = x.recorder.recorded()
	switch {
	case x.began.IsZero():
	case x.ended.IsZero():
		res.Duration = x.now().Sub(x.began)
	default:
		res.Duration = x.ended.Sub(x.began)
	}
	return res
}

// process is the shell that carries out a run.
type process interface {
	// reports are the lines that it reports, until its files are closed.
	reports() <-chan string
	// alive reports whether it is still there.
	alive() bool
	// gaveUp reports whether it has stopped reading the script, after an interrupt,
	// and cannot report that.
	gaveUp() bool
	// keepFiles gives its files their names back: folders for temporary files are
	// cleaned now and then.
	keepFiles()
	// notTaken clears up when it has not begun in time.
	notTaken()
}

// follow waits for the reports of the run's process, until the run is over.
func (x *run) follow(ctx context.Context, v *live.Viewer, p process) {
	reports := p.reports()
	take := time.NewTimer(takeTime)
	defer take.Stop()
	look := time.NewTicker(aliveEvery)
	defer look.Stop()
	for {
		changes := v.Changes()
		if x.hasBegun() && p.gaveUp() {
			x.finishInterrupted(reports)
			return
		}
		if !p.alive() && len(reports) == 0 {
			x.finish(nil, true)
			return
		}
		select {
		case line := <-reports:
			if x.handleReport(line) {
				return
			}
		case <-changes:
		case <-look.C:
			p.keepFiles()
		case <-take.C:
			if x.hasBegun() {
				continue
			}
			p.notTaken()
			x.fail(fmt.Errorf("%w: the shell has not begun with the command", session.ErrUnknownOutcome))
			return
		case <-ctx.Done():
			x.fail(session.ErrUnavailable)
			return
		}
	}
}

// interruptedCode is $? after an interrupt.
const interruptedCode = 130

// finishInterrupted ends a run whose shell does not read the script any more. It may
// have read all of it.
func (x *run) finishInterrupted(reports <-chan string) {
	last := time.NewTimer(reportTime)
	defer last.Stop()
	for {
		select {
		case line := <-reports:
			if x.handleReport(line) {
				return
			}
		case <-last.C:
			x.recorder.closeAtLine()
			code := interruptedCode
			x.finish(&code, false)
			return
		}
	}
}

// handleReport takes a line of the shell's report; over: it was the last.
func (x *run) handleReport(line string) (over bool) {
	if line == "begin" {
		x.mu.Lock()
		x.began = x.now()
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

// failed reports whether the run has ended without an end of its command.
func (x *run) failed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err != nil
}

func (x *run) hasBegun() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.began.IsZero()
}

// finish notes the end, and waits for the output that the command wrote before.
func (x *run) finish(code *int, gone bool) {
	at := x.now()
	if gone { // no mark will come
		x.drain(endedQuiet, endedTime)
	} else {
		x.drain(outputQuiet, session.MaxRunTime)
	}
	x.recorder.Gap()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended, x.exitCode, x.gone = at, code, gone
}

// drain waits until the recording is complete, nothing has come for quiet, or longest
// is over.
func (x *run) drain(quiet, longest time.Duration) {
	end := x.now().Add(longest)
	last := time.NewTimer(quiet)
	defer last.Stop()
	for received := x.recorder.received(); ; {
		select {
		case <-x.recorder.done:
			return
		case <-last.C:
		}
		now := x.recorder.received()
		if now == received || x.now().After(end) {
			return
		}
		received = now
		last.Reset(quiet)
	}
}

func (x *run) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended, x.err = x.now(), err
}
