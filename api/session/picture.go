package session

import (
	"context"
	"sync/atomic"

	"interplexer/controlmode"
)

// maxReplay is how many bytes may follow a picture for it to be used again.
const maxReplay = 64 << 10

// picture is a pane's screen for terminals, and the place in its output from
// which on everything comes after it.
type picture struct {
	controlmode.Repaint
	turn  uint64 // of the session, which may have given the pane another size since
	epoch string
	after uint64
}

// size is what a picture weighs in the cache, in bytes; a nil one nothing.
func (p *picture) size() int {
	if p == nil {
		return 0
	}
	return len(p.Styled) + len(p.Main) + len(p.Pending)
}

// pictures makes a screen's pictures, one at a time: a cut is a gap to those
// who follow the output, so that each would have the others cut again.
type pictures struct {
	making chan struct{}           // holds one while somebody makes one
	cut    atomic.Pointer[picture] // the last one that took a cut; nil: none, or dropped
}

// repaint makes a picture, or finds one.
func (v *Viewer) repaint(ctx context.Context) (controlmode.Repaint, Cursor, error) {
	turn := v.w.turns.Load()
	s, info, err := v.heard()
	if err != nil {
		return controlmode.Repaint{}, Cursor{}, err
	}
	hub := v.registry.live.hub.Load()
	if hub == nil {
		return controlmode.Repaint{}, Cursor{}, errNotLive
	}
	select {
	case s.pictures.making <- struct{}{}:
		defer func() { <-s.pictures.making }()
	case <-ctx.Done():
		return controlmode.Repaint{}, Cursor{}, ctx.Err()
	}
	tctx, cancel := tmuxContext(ctx)
	defer cancel()
	p, err := s.paint(tctx, hub, info, turn)
	switch {
	case err == nil:
	case hub.Err() != nil: // before it is known to be gone
		return controlmode.Repaint{}, Cursor{}, errNotLive
	default:
		return controlmode.Repaint{}, Cursor{}, v.registry.explain(tctx, v.w.rec, err, reading)
	}
	return p.Repaint, Cursor{Pane: info.Pane.String(), Epoch: p.epoch, Offset: p.after}, nil
}

// paint tries first to find the pane quiet. Else its output has to be cut, unless
// it still goes on from the last cut. The caller is the only one.
func (s *screen) paint(ctx context.Context, hub *controlmode.Hub, info controlmode.PaneInfo, turn uint64) (*picture, error) {
	target := controlmode.PaneOf(info.Session, info.Pane)
	epoch, before := s.output.listen()
	var after atomic.Uint64 // of an answer that comes when nobody waits for it, too
	note := func() {
		_, end := s.output.listen()
		after.Store(end)
	}
	paint, err := hub.Repaint(ctx, target, info.Pane, false, note)
	if err != nil || before == after.Load() {
		return &picture{Repaint: paint, turn: turn, epoch: epoch, after: before}, err
	}
	last := s.pictures.cut.Load()
	if last != nil && last.turn == turn && s.output.follows(last.epoch, last.after, maxReplay) {
		return last, nil
	}
	paint, err = hub.Repaint(ctx, target, info.Pane, true, func() {
		s.output.gap()
		note()
		s.changedNow()
	})
	if err != nil {
		return nil, err
	}
	p := &picture{Repaint: paint, turn: turn, epoch: epoch, after: after.Load()}
	s.pictures.cut.Store(p)
	return p, nil
}
