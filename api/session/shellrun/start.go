package shellrun

import (
	"context"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

// shellProcess is the shell of a pane that a command was typed into.
type shellProcess struct {
	*shellTerminal
	script *script
}

func (p shellProcess) reports() <-chan string { return p.script.reports() }

// gaveUp reports whether dash or busybox sh is back at its prompt without the script. At
// an interrupt they end all reading, and report nothing.
func (p shellProcess) gaveUp() bool {
	if p.shell != dash && p.shell != busybox || p.hasScriptOpen() {
		return false
	}
	return p.alive() && p.awaitPrompt(context.Background()) == nil
}

func (p shellProcess) renewFiles() { _ = p.script.renew() } // a failure, such as no room, may be over next time

func (p shellProcess) undoTyping() { _ = p.write(unhideInput) }

// startInShell types a command. A pane has one run at a time.
func (r *Runner) startInShell(ctx context.Context, p session.Principal, id int64, o session.RunOptions) (*run, error) {
	v, pane, err := r.viewLive(ctx, p, id, o.Pane)
	if err != nil {
		return nil, err
	}
	m := newMarks(session.RandomID())
	x := r.newRun(p, id, pane.ID, m, o.MaxOutput)
	if err := r.runs.add(x, r.now()); err != nil {
		v.Close()
		return nil, err
	}
	shell, err := openShell(ctx, v, pane, o.Command, m)
	if err != nil {
		r.runs.drop(x)
		v.Close()
		return nil, err
	}
	c := &typedCommand{run: x, command: o.Command, viewer: v, shell: shell, typist: typist{r.sessions, p, id, pane}}
	if err := c.begin(ctx); err != nil {
		r.runs.drop(x)
		c.fail(err)
		c.close()
		return nil, err
	}
	if !r.goFollow(c.follow) {
		r.runs.drop(x)
		c.fail(session.ErrUnavailable)
		c.close()
		return nil, session.ErrUnavailable
	}
	return x, nil
}

// viewLive views a pane, and waits until the hub reports all of its output. Close the
// Viewer.
func (r *Runner) viewLive(ctx context.Context, p session.Principal, id int64, pane string) (*live.Viewer, live.LivePane, error) {
	v, err := r.sessions.View(ctx, p, id, pane)
	if err != nil {
		return nil, live.LivePane{}, err
	}
	found, err := v.LivePane(ctx)
	if err != nil {
		v.Close()
		return nil, live.LivePane{}, err
	}
	return v, found, nil
}

// typedCommand is a run that is typed into a shell, and all that it holds open.
type typedCommand struct {
	*run
	command string
	viewer  *live.Viewer
	shell   shellProcess
	typist  typist
}

// begin has the output recorded, and types.
func (c *typedCommand) begin(ctx context.Context) error {
	if c.shell.shell == fish {
		c.recorder.skip(fishPreface)
	}
	c.typist.pane.Attach(c.recorder)
	return c.typist.typeHidden(ctx, c.shell)
}

// follow waits for the end of the run.
func (c *typedCommand) follow(ctx context.Context) {
	c.run.follow(ctx, c.viewer, c.shell)
	if c.shell.shell == busybox {
		c.typist.replaceInHistory(ctx, c.shell, c.command)
	}
	c.close()
}

// close closes all of that, and makes the run's result final.
func (c *typedCommand) close() {
	c.typist.pane.Detach(c.recorder)
	c.shell.script.close(!c.failed())
	c.shell.close()
	c.viewer.Close()
	close(c.over)
}

// openShell finds the shell in a pane's foreground, waits for its prompt, and makes the
// script for it.
func openShell(ctx context.Context, v *live.Viewer, pane live.LivePane, command string, m marks) (shellProcess, error) {
	tty, err := v.TTY(ctx, pane.ID.String())
	if err != nil {
		return shellProcess{}, err
	}
	terminal, err := openShellTerminal(tty, pane.PID)
	if err != nil {
		return shellProcess{}, err
	}
	if err = terminal.awaitPrompt(ctx); err == nil {
		var s *script
		if s, err = newScript(scriptFolder(pane.Server.Socket), terminal.shell, command, m); err == nil {
			return shellProcess{terminal, s}, nil
		}
	}
	terminal.close()
	return shellProcess{}, err
}

// typist types into a pane on behalf of a run's caller.
type typist struct {
	sessions  Sessions
	principal session.Principal
	id        int64
	pane      live.LivePane
}

func (t typist) send(ctx context.Context, in session.Input) error {
	in.Pane = t.pane.ID.String()
	return t.sessions.Send(ctx, t.principal, t.id, in)
}

// typeHidden types the line that has the shell read the script. The terminal does not show
// the line.
func (t typist) typeHidden(ctx context.Context, shell shellProcess) error {
	if err := shell.write(hideInput); err != nil {
		return err
	}
	line := shell.script.line
	if err := t.send(ctx, session.Input{Text: &line}); err != nil {
		_ = shell.write(unhideInput)
		return err
	}
	return nil
}
