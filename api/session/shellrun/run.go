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

// run is one command that is being run, or its result. Its goroutine ends when the run
// is over.
type run struct {
	id         string
	session    int64
	pane       controlmode.PaneID // unique with session: a session does not outlive its tmux server, which never reuses ids
	user       int64
	ownSession bool // the session was made for the run and ends with it
	recorder   *recorder
	now        func() time.Time
	over       chan struct{} // closed when the fields below are final

	mu       sync.Mutex // guards the fields below
	began    time.Time  // zero: not yet
	ended    time.Time  // zero: not yet
	exitCode *int       // nil: not known
	gone     bool       // the shell has ended
	err      error
}

// newRun makes a run in a pane. It records up to maxOutput bytes of the output between
// the marks.
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

// await waits until the run is over, and returns its result. When ctx is done it fails
// with a *session.RunTimeoutError that holds the output so far, or with ctx's error if
// the caller left.
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
	// reports delivers the lines that the shell reports, until its files are closed.
	reports() <-chan string
	// alive reports whether the shell still runs.
	alive() bool
	// gaveUp reports whether the shell has stopped reading the script, after an
	// interrupt, without a report.
	gaveUp() bool
	// renewFiles makes the names of the shell's files again if they were deleted:
	// folders for temporary files are cleaned now and then.
	renewFiles()
	// undoTyping clears up when the command has not begun in time.
	undoTyping()
}

// follow waits for the reports of the run's process, until the run is over.
func (x *run) follow(ctx context.Context, v *live.Viewer, p process) {
	reports := p.reports()
	take := time.NewTimer(beginTime)
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
			p.renewFiles()
		case <-take.C:
			if x.hasBegun() {
				continue
			}
			p.undoTyping()
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

// finishInterrupted ends a run whose shell has given up. If the shell has read all of the
// script after all, its report arrives within reportTime.
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

// handleReport handles a line of the shell's report. over: it was the last one.
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

// failed reports whether the run has ended with an error. Its command may still run.
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

// finish notes the end of the command, and waits for the output that the command wrote
// before.
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
