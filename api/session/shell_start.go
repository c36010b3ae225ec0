package session

import (
	"context"
	"time"

	"interplexer/controlmode"
)

// startRun types a command. What it returns is the pane's only run.
func (r *Registry) startRun(ctx context.Context, p Principal, id int64, o RunOptions) (*shellRun, error) {
	v, err := r.View(ctx, p, id, o.Pane)
	if err != nil {
		return nil, err
	}
	x, s, err := r.prepareRun(ctx, v, o)
	if err != nil {
		v.Close()
		return nil, err
	}
	s.output.attach(x.ear)
	end := func() {
		s.output.detach(x.ear)
		x.script.close(x.isRead())
		x.terminal.close()
		v.Close()
	}
	if err := x.typeIn(ctx, v); err != nil {
		x.fail(err)
		end()
		r.runs.drop(x)
		close(x.over)
		return nil, err
	}
	if !r.live.goServing(func(ctx context.Context) {
		x.follow(ctx, v)
		if x.terminal.shell == busybox {
			x.mendHistory(ctx, v, s, o.Command)
		}
		end()
		close(x.over)
		if o.after != nil && ctx.Err() == nil {
			o.after()
		}
	}) {
		x.fail(ErrUnavailable)
		end()
		return nil, ErrUnavailable
	}
	return x, nil
}

// prepareRun makes all ready for the typing.
func (r *Registry) prepareRun(ctx context.Context, v *Viewer, o RunOptions) (*shellRun, *screen, error) {
	s, info, err := v.hearing(ctx)
	if err != nil {
		return nil, nil, err
	}
	nonce := randomUID()
	m := newMarks(nonce)
	x := &shellRun{
		paneOfRun: paneOfRun{v.id, info.Pane}, id: randomUID(), user: v.principal.UserID, ownSession: o.after != nil,
		ear: newEar(m.begin, m.end, o.MaxOutput), over: make(chan struct{}),
	}
	if err := r.runs.add(x); err != nil {
		return nil, nil, err
	}
	fail := func(err error) (*shellRun, *screen, error) {
		r.runs.drop(x)
		return nil, nil, err
	}
	tty, err := r.paneTTY(v.w.rec, controlmode.PaneOf(info.Session, info.Pane))(ctx)
	if err != nil {
		return fail(r.explain(ctx, v.w.rec, err, reading))
	}
	if x.terminal, err = openShellTerminal(tty, info.PID); err != nil {
		return fail(err)
	}
	if x.terminal.shell == fish {
		x.ear.skip(fishPreface)
	}
	if err = x.terminal.awaitPrompt(ctx); err == nil {
		x.script, err = keepScript(scriptFolder(v.w.rec.server), x.terminal.shell, o, m)
	}
	if err != nil {
		x.terminal.close()
		return fail(err)
	}
	return x, s, nil
}

// hearing waits until all that the pane's program writes is told.
func (v *Viewer) hearing(ctx context.Context) (*screen, controlmode.PaneInfo, error) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		s, info, err := v.listening(ctx)
		if err != nil || !s.deaf.Load() {
			return s, info, err
		}
		select {
		case <-look.C: // it rests from a flood
		case <-ctx.Done():
			return nil, controlmode.PaneInfo{}, ctx.Err()
		}
	}
}

// typeIn hides the line that has the shell read the script, and types it.
func (x *shellRun) typeIn(ctx context.Context, v *Viewer) error {
	if err := x.terminal.show(hide); err != nil {
		return err
	}
	line := x.script.typed
	in := Input{Pane: x.pane.String(), Text: &line}
	if err := v.registry.Send(ctx, v.principal, v.id, in); err != nil {
		_ = x.terminal.show(reveal)
		return err
	}
	return nil
}
