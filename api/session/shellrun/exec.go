package shellrun

import (
	"context"
	"fmt"
	"io"
	"strings"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

// sh runs the scripts.
const sh = "/bin/sh"

// Exec runs a program in a new session of the caller's, which ends with the program. It
// blocks until then. The session's own command is a sh script that prints the marks
// around the program's output, so nothing is typed. Exec fails as registry's Create does,
// and with ErrRunTimeout. If the time is up or the caller leaves, the program and its
// session go on.
func (r *Runner) Exec(ctx context.Context, p session.Principal, o session.ExecOptions) (session.RunResult, error) {
	if err := o.Check(); err != nil {
		return session.RunResult{}, err
	}
	timeout, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, startTime)
	defer stop()
	x, err := r.startProgram(ctx, p, o)
	if err != nil {
		return session.RunResult{}, err
	}
	return x.await(timeout)
}

// startProgram makes the session, begins to record its output, and only then lets its
// script go on.
func (r *Runner) startProgram(ctx context.Context, p session.Principal, o session.ExecOptions) (*run, error) {
	m := newMarks(session.RandomID())
	files, id, err := r.createSession(ctx, p, o, m)
	if err != nil {
		return nil, err
	}
	x, rec, err := r.recordProgram(ctx, p, id, files, m, o.MaxOutput)
	if err != nil {
		files.close(false)
		r.endSession(p, id)
		return nil, err
	}
	follow := func(ctx context.Context) {
		x.follow(ctx, rec.viewer, files)
		rec.close()
		files.close(ctx.Err() == nil)
		close(x.over)
		if ctx.Err() == nil {
			r.endSession(p, id)
		}
	}
	if !r.goFollow(follow) { // the service stops: the script ends without it
		x.fail(session.ErrUnavailable)
		rec.close()
		files.close(false)
		close(x.over)
		return nil, session.ErrUnavailable
	}
	return x, nil
}

// createSession makes the session, and the script that it runs. The script waits for
// recordProgram.
func (r *Runner) createSession(ctx context.Context, p session.Principal, o session.ExecOptions, m marks) (files *program, id int64, err error) {
	s, err := r.sessions.Create(ctx, p, session.CreateOptions{
		Command: []string{sh}, Cwd: o.Cwd, Env: o.Env,
		Launcher: func(socket string) (words []string, err error) {
			if files, err = newProgram(scriptFolder(socket), o, m); err != nil {
				return nil, err
			}
			return []string{sh, "-c", ". " + files.path, sh}, nil
		},
	})
	if err != nil {
		if files != nil {
			files.close(false)
		}
		return nil, 0, err
	}
	return files, s.ID, nil
}

// recording is a program's pane, whose output a run gets.
type recording struct {
	viewer   *live.Viewer
	pane     live.LivePane
	recorder *recorder
}

func (rec recording) close() {
	rec.pane.Detach(rec.recorder)
	rec.viewer.Close()
}

// recordProgram begins to record the pane's output, and lets the script go on. Close the
// recording.
func (r *Runner) recordProgram(ctx context.Context, p session.Principal, id int64, files *program, m marks, maxOutput int) (*run, recording, error) {
	v, pane, err := r.viewLive(ctx, p, id, "")
	if err != nil {
		return nil, recording{}, err
	}
	x := r.newRun(p, id, pane.ID, m, maxOutput)
	x.ownSession = true
	if err := r.runs.add(x, r.now()); err != nil {
		v.Close()
		return nil, recording{}, err
	}
	rec := recording{v, pane, x.recorder}
	pane.Attach(x.recorder)
	files.watch(pane.PID)
	if _, err := io.WriteString(files.gate, "go\n"); err != nil {
		r.runs.drop(x)
		rec.close()
		return nil, recording{}, fmt.Errorf("%w: %w", session.ErrNoResources, err)
	}
	return x, rec, nil
}

// endSession ends the session of a program that has ended. The run's result is kept. If
// endSession fails, the owner can see and end the session.
func (r *Runner) endSession(p session.Principal, id int64) {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if err := r.sessions.End(ctx, p, id); err != nil {
		r.log.Warn("the session of a program that has ended goes on", "session", id, "error", err)
	}
}

// programScript is the script that runs a program between the marks. It waits at the gate
// twice: before the program, until its output is recorded, and after the program, until
// all of the output has been read. When the service has gone, the gate is open. The
// program has a process group of its own (set -m), so that an interrupt does not reach
// the script. A shell interrupts itself when its foreground job was interrupted (dash,
// bash), and programs signal their parent; the script goes on then (trap).
func programScript(o session.ExecOptions, m marks, report, gate, stdin string) string {
	words := make([]string, len(o.Words()))
	for i, w := range o.Words() {
		words[i] = quoted(w)
	}
	command := strings.Join(words, " ")
	if stdin != "" {
		command += " <" + stdin
	}
	return "set -m\ntrap : INT QUIT TERM\n" +
		"read -r __interplexer <" + gate + " || exit 1\n" +
		"unset __interplexer\n" +
		printToTTY(m.begin) + sendReportIfThere("begin", report) +
		"eval " + quoted(command) + "\n" +
		"__interplexer=$?\n" +
		printToTTY(m.end) + sendReportIfThere(`"end $__interplexer"`, report) +
		"{ read -r __interplexer_gate <" + gate + "; } 2>/dev/null\n" +
		"exit $__interplexer\n"
}

// sendReportIfThere is sendReport, unless the service has removed the pipe: a shell would
// make a file of its name.
func sendReportIfThere(what, report string) string {
	return "[ ! -p " + report + " ] || " + sendReport(what, report)
}
