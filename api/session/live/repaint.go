package live

import (
	"context"
	"sync/atomic"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
)

// maxReplay is how many bytes may follow a repaint for it to be used again.
const maxReplay = 64 << 10

// repaint is a pane's screen for terminals, and the place in the pane's output where the
// output after the screen begins.
type repaint struct {
	controlmode.Repaint
	revision uint64 // of the session, which may have given the pane another size since
	epoch    string
	after    uint64
}

// size is the memory that a repaint takes, in bytes; a nil one takes none.
func (p *repaint) size() int {
	if p == nil {
		return 0
	}
	return len(p.Styled) + len(p.Main) + len(p.Pending)
}

// repaints makes a screen's repaints, one at a time. To cut the output makes a gap for all
// who read it, and they would ask for repaints in turn, which cut the output again.
type repaints struct {
	making chan struct{}           // holds one while somebody makes one
	last   atomic.Pointer[repaint] // the last one that cut the output; nil: none, or dropped
}

// Repaint returns the pane's screen with its styles and modes, and the place in the pane's
// output where the output after this screen begins. It blocks while the pane is not linked
// into the hub.
func (v *Viewer) Repaint(ctx context.Context) (controlmode.Repaint, session.Cursor, error) {
	for {
		changes := v.Changes()
		paint, cursor, err := v.repaint(ctx)
		if !isNotLive(err) {
			return paint, cursor, err
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return controlmode.Repaint{}, session.Cursor{}, ctx.Err()
		}
	}
}

// repaint makes a repaint, or uses the last one again. It fails with errNotLive.
func (v *Viewer) repaint(ctx context.Context) (controlmode.Repaint, session.Cursor, error) {
	revision := v.w.revision.Load()
	s, info, err := v.liveScreen()
	if err != nil {
		return controlmode.Repaint{}, session.Cursor{}, err
	}
	hub := v.screens.hub.Load()
	if hub == nil {
		return controlmode.Repaint{}, session.Cursor{}, errNotLive
	}
	select {
	case s.repaints.making <- struct{}{}:
		defer func() { <-s.repaints.making }()
	case <-ctx.Done():
		return controlmode.Repaint{}, session.Cursor{}, ctx.Err()
	}
	tctx, cancel := tmux.Context(ctx)
	defer cancel()
	p, err := s.repaint(tctx, hub, info, revision)
	switch {
	case err == nil:
	case hub.Err() != nil: // the loop has not noted that yet
		return controlmode.Repaint{}, session.Cursor{}, errNotLive
	default:
		return controlmode.Repaint{}, session.Cursor{}, v.screens.explain(tctx, v.w.ref, err)
	}
	return p.Repaint, session.Cursor{Pane: info.Pane.String(), Epoch: p.epoch, Offset: p.after}, nil
}

// repaint first captures the screen without a cut. If the pane has printed nothing
// meanwhile, that is the repaint. Otherwise it uses the last repaint again, if all of the
// output since then is kept; else it captures again and cuts the output at that point. One
// caller at a time calls it; see repaints.
func (s *screen) repaint(ctx context.Context, hub *controlmode.Hub, info controlmode.PaneInfo, revision uint64) (*repaint, error) {
	target := controlmode.PaneOf(info.Session, info.Pane)
	epoch, before := s.output.record()
	var after atomic.Uint64 // atomic: note may be called after the caller has left
	note := func() {
		_, end := s.output.record()
		after.Store(end)
	}
	paint, err := hub.Repaint(ctx, target, info.Pane, false, note)
	if err != nil || before == after.Load() {
		return &repaint{Repaint: paint, revision: revision, epoch: epoch, after: before}, err
	}
	last := s.repaints.last.Load()
	if last != nil && last.revision == revision && s.output.follows(last.epoch, last.after, maxReplay) {
		return last, nil
	}
	paint, err = hub.Repaint(ctx, target, info.Pane, true, func() {
		s.output.gap()
		note()
		s.changedAndWake()
	})
	if err != nil {
		return nil, err
	}
	p := &repaint{Repaint: paint, revision: revision, epoch: epoch, after: after.Load()}
	s.repaints.last.Store(p)
	return p, nil
}
